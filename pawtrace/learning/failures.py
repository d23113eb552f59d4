"""Failures of a training: a loss that is not finite, too little memory, or a host that is gone."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from pawtrace.base.errors import DeviceError, TrainingError
from pawtrace.learning.hosts import num_hosts

# What TensorFlow, JAX, PyTorch and the system call it.
_OUT_OF_MEMORY = (
    "RESOURCE_EXHAUSTED", "ResourceExhausted", "out of memory", "OOM when allocating",
    "Cannot allocate memory",
)  # fmt: skip
_LOST_HOST = ("Gloo", "NCCL", "CoordinationService")  # what connects the hosts says so


def require_finite(
    metrics: Mapping[str, float], where: str, learning_rate: float, last_good: Path | None
) -> None:
    """Stop the training if the loss or a weight is not finite.

    Args:
      metrics: what must be finite.
      where: the epoch and step.
      learning_rate: of that step.
      last_good: the newest checkpoint, if any.
    Raises:
      TrainingError: one is not; it says where, and what there is to go back to.
    """
    broken = {name: value for name, value in metrics.items() if not math.isfinite(value)}
    if not broken:
        return
    broken_values = ", ".join(f"{name} {value}" for name, value in broken.items())
    fallback = f"the last good checkpoint is {last_good}" if last_good else "there was no checkpoint yet"
    raise TrainingError(
        f"{where}: expected a finite loss, found {broken_values} at a learning rate of {learning_rate:g}; "
        f"{fallback}; lower train.learning_rate and run: dvc repro"
    )


@contextlib.contextmanager
def out_of_memory_named(batch_size: int, device: str, key: str = "train.batch_size") -> Iterator[None]:
    """Turn a backend's way of running out of memory into a line that names the batch size to try.

    Args:
      batch_size: examples at once.
      device: gpu | cpu.
      key: of params that has the batch size.
    Raises:
      DeviceError: the block ran out of memory.
    """
    try:
        yield
    except Exception as error:  # each backend has its own
        if not isinstance(error, MemoryError) and not any(word in str(error) for word in _OUT_OF_MEMORY):
            raise
        advice = (
            f"try {key} {batch_size // 2}"
            if batch_size > 1
            else "try a smaller train.image_size_px or train.precision bfloat16"
        )
        raise DeviceError(
            f"params.yaml: {key}: {batch_size} does not fit into the {device}'s memory; "
            f"{advice} and run: dvc repro"
        ) from error


@contextlib.contextmanager
def lost_host_named() -> Iterator[None]:
    """Say in a line that one of several hosts has ended or cannot be reached.

    Raises:
      DeviceError: the block waited for it in vain.
    """
    try:
        yield
    except Exception as error:  # ValueError or JAX's own
        if num_hosts() == 1 or not any(word in str(error) for word in _LOST_HOST):
            raise
        raise DeviceError(
            f"expected {num_hosts()} hosts to train together, lost one of them ({str(error)[:120]}); nothing "
            "up to the last checkpoint was lost; see what it says, and start all hosts again"
        ) from error
