"""The verbs: one module per DVC stage, in the order the data flows."""
