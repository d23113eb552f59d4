"""From the measurements to a verdict and its cures, by the rules of pawtrace.diagnosis."""
