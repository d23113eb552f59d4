"""Which example is in which split (stage split): duplicates, splits, facts of the data."""
