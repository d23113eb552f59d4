"""What a run computes on and in which precision; both are recorded with the result."""

import contextlib
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import keras

from pawtrace.base.errors import DeviceError
from pawtrace.config.train_params import TrainParams

# Processors say so when they multiply bfloat16 in hardware; without, it is slower than float32.
_FAST_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
_CPU_INFO = Path("/proc/cpuinfo")


class Compute(NamedTuple):
    """The hardware and arithmetic of a run."""

    device: str  # gpu | cpu
    precision: str  # float32 | bfloat16 | float16
    num_devices: int = 1  # that share each batch
    xla: bool = False  # whether training steps are compiled by XLA


def prepare_compute(train: TrainParams) -> Compute:
    """Choose device and precision, seed every random generator, and ask for determinism.

    Raises:
      DeviceError: `train.device` is gpu and there is none.
    """
    compute = choose_compute(train)
    keras.utils.set_random_seed(train.seed)
    keras.config.set_dtype_policy(
        "float32" if compute.precision == "float32" else f"mixed_{compute.precision}"
    )
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        if compute.device == "cpu":
            tf.config.set_visible_devices([], "GPU")
    return compute


def choose_compute(train: TrainParams) -> Compute:
    """Settle what `auto` means on this machine.

    Raises:
      DeviceError: `train.device` is gpu and there is none.
    """
    num_gpus = _num_gpus()
    if train.device == "gpu" and num_gpus == 0:
        raise DeviceError(
            f"params.yaml: train.device: expected a GPU that the {keras.backend.backend()} backend can use, "
            "found none; run: pip install .[cuda], check nvidia-smi, or set train.device to auto or cpu"
        )
    device = "gpu" if num_gpus and train.device != "cpu" else "cpu"
    precision = train.precision if train.precision != "auto" else _fast_precision(device)
    # Only TensorFlow's strategy takes batches that the devices cannot share evenly.
    num_devices = num_gpus if device == "gpu" and keras.backend.backend() == "tensorflow" else 1
    return Compute(device, precision, num_devices)


def distributed(compute: Compute) -> contextlib.AbstractContextManager[Any]:
    """The scope in which a model is built and trained: on several devices, batches are shared."""
    if compute.num_devices == 1:
        return contextlib.nullcontext()
    import tensorflow as tf

    names = [f"{compute.device}:{number}" for number in range(compute.num_devices)]
    return cast("contextlib.AbstractContextManager[Any]", tf.distribute.MirroredStrategy(names).scope())


def spread_over_devices(batches: Any) -> Iterator[tuple[Any, Any, int]]:
    """Batches as the devices of the scope take them.

    Args:
      batches: a tf.data.Dataset of inputs and labels.
    Yields:
      Inputs, labels, and the number of examples.
    """
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        # Other backends do not know TensorFlow's tensors.
        uses_tensorflow = keras.backend.backend() == "tensorflow"
        for inputs, labels in batches if uses_tensorflow else batches.as_numpy_iterator():
            yield inputs, labels, len(labels)
        return
    for inputs, labels in strategy.experimental_distribute_dataset(batches):
        yield inputs, labels, sum(len(part) for part in strategy.experimental_local_results(labels))


def device_name(device: str) -> str:
    """The model of the GPU, or of the processor."""
    if device == "gpu" and keras.backend.backend() == "jax":
        import jax

        return str(jax.devices("gpu")[0].device_kind)
    if device == "gpu":
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[0]
        return str(tf.config.experimental.get_device_details(gpu).get("device_name", "unknown"))
    lines = _CPU_INFO.read_text(encoding="utf-8").splitlines() if _CPU_INFO.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def _num_gpus() -> int:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Keras's own list would start TensorFlow's runtime, and hiding a GPU is too late then.
        return len(tf.config.list_physical_devices("GPU"))
    return len(keras.distribution.list_devices("gpu"))


def _fast_precision(device: str) -> str:
    if device == "cpu":
        return "bfloat16" if _cpu_flags() & _FAST_BFLOAT16_FLAGS else "float32"
    major = _gpu_compute_capability()
    # Tensor cores: float16 from Volta (7) on, bfloat16, which needs no loss scaling, from Ampere (8).
    return "bfloat16" if major >= 8 else "float16" if major == 7 else "float32"


def _cpu_flags() -> set[str]:
    if not _CPU_INFO.exists():
        return set()
    lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split()}


def _gpu_compute_capability() -> int:
    if keras.backend.backend() == "jax":
        import jax

        return int(float(jax.devices("gpu")[0].compute_capability))
    import tensorflow as tf

    gpu = tf.config.list_physical_devices("GPU")[0]
    return int(tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))[0])
