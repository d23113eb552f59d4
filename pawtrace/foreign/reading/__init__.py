"""Read what the user gives to `diagnose`: a model file, photos, a history."""
