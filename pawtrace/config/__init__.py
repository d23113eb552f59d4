"""Typed params, paths, errors, and how files are written: what everything else rests on."""
