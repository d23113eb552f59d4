"""The rules of the verdicts, one module each; `rule(facts)` gives None if the verdict does not apply."""
