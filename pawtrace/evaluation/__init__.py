"""What a trained model is worth: predictions, metrics with intervals, pictures, the report."""
