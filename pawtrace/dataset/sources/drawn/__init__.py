"""The drawn sample: cats and dogs, and the faults that real archives have."""
