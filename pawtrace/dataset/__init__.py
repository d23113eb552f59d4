"""Photos from archive to record: sources, inspection, duplicates, splits, shards."""
