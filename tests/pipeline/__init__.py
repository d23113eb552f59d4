"""The pipeline as a whole: built, edited, killed, traced in tiny clones."""
