"""What a result was made from, written down: provenance, fingerprints of code."""
