"""What helps against a verdict: an edit of params, and the same as lines of Keras."""
