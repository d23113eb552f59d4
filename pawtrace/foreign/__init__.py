"""Models that pawtrace did not train: how they want their input, and why they are inaccurate."""
