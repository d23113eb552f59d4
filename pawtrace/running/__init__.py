"""How a stage is run: locks, processes, the edge to the shell. No stage's result depends on it."""
