"""What a number was made from: fingerprints of code, params and data."""
