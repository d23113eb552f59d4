"""The promoted model: which model is in use, whether another one may replace it, and the switch."""
