"""Training one recipe: fit, learner, optimizer, checkpoints. Plain Keras 3."""
