"""The promoted model: which one is in use, whether another may take its place, and how it does."""
