"""Cures of each verdict: an edit of params, and the same change as Keras code."""
