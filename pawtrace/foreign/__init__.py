"""Models that pawtrace did not train: which preprocessing they expect, and why they are inaccurate."""
