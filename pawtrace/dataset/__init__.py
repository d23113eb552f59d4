"""Photos from archive to record: sources, then splitting, then examples."""
