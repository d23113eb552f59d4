"""What a trained model is worth: predictions, metrics, intervals, curves, pictures."""
