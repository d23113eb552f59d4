"""Measurements of a model: its layers, its input, its output, its predictions."""
