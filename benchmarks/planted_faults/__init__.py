"""Runs with one planted fault each, and healthy ones: what they are, how they are trained and counted."""
