"""How long a model takes for one photo, and how many photos fit into a given time."""

import time

import keras
import numpy as np

from pawtrace.foreign.measuring.network import Network
from pawtrace.foreign.measuring.network_outputs import AT_ONCE, outputs_of

MIN_PHOTOS = 64  # whatever time they take


def seconds_each(model: keras.Model, network: Network) -> float:
    """How long the model takes for a photo, once it is warm."""
    blank = np.zeros((AT_ONCE, *network.size_px, 3), np.float32)
    outputs_of(model, blank)
    start = time.perf_counter()
    outputs_of(model, blank)
    return (time.perf_counter() - start) / len(blank)


def affordable(seconds: float, seconds_each: float, number: int) -> int:
    """How many photos fit into a given time, in whole batches unless all of them fit."""
    affordable = int(seconds / max(seconds_each, 1e-6)) // AT_ONCE * AT_ONCE
    return min(number, max(MIN_PHOTOS, affordable))
