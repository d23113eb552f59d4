"""The networks: backbones, ImageNet weights, head, phases, seeds."""
