"""Measurements of a network and its data before training: one module per probe; `probe` runs them all."""
