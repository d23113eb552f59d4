"""The rules of the verdicts, one module each: `rule(facts)` returns a `Finding`."""
