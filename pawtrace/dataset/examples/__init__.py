"""One example: its pixels, its record, and the shards that hold records (stage preprocess)."""
