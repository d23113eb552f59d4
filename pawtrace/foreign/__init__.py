"""Models that pawtrace did not train: how they want their input, what they answer, why they are inaccurate."""
