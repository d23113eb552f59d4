"""Using a model: predict photos, export to other formats."""
