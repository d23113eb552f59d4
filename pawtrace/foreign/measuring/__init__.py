"""What is measured of a model: its layers, its input, its output, its answers."""
