"""What every stage uses: errors, atomic writing of files, ordered parallel work."""
