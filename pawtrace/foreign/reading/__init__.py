"""What somebody brings: a model file, photos, a history."""
