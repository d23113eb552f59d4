"""The kinds of archive: zip, tar, folder; each a stream of checked entries."""
