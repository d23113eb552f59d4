"""From records to a trained model: views, batches, backbones, heads, phases, fit. Plain Keras 3."""
