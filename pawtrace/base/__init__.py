"""What every stage stands on: errors, files that are written whole or not at all, ordered parallel work."""
