"""What a run computes on and in which precision; both are recorded with the result."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, cast

import keras
import numpy as np

from pawtrace.base.errors import DeviceError
from pawtrace.base.processor import processor
from pawtrace.config.train_params import TrainParams
from pawtrace.learning.hosts import join_hosts, num_hosts
from pawtrace.learning.inputs.loader import Batch, Part

# Processors say so when they multiply bfloat16 in hardware; without, it is slower than float32.
_FAST_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
# By these variables oneDNN leaves out instructions that the processor has; TensorFlow does not ask.
_ONEDNN_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_WITHOUT_BFLOAT16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI"}  # TensorFlow crashes with it
_SLOW_BFLOAT16 = _WITHOUT_BFLOAT16 | {"AVX512_CORE", "AVX512_CORE_VNNI"}


class Compute(NamedTuple):
    """The hardware and arithmetic of a run."""

    device: str  # gpu | cpu
    precision: str  # float32 | bfloat16 | float16
    num_devices: int = 1  # that share each batch
    xla: bool = False  # whether XLA compiles the training steps


def prepare_compute(train: TrainParams) -> Compute:
    """Meet other hosts, choose device and precision, seed every random generator, ask for determinism.

    Raises:
      DeviceError: `train.device` is gpu and there is none, or a host is missing; see `join_hosts`.
    """
    join_hosts()
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
    if keras.backend.backend() == "jax" and compute.device == "cpu":
        import jax

        jax.config.update("jax_default_device", jax.local_devices(backend="cpu")[0])
    return compute


def choose_compute(train: TrainParams) -> Compute:
    """Settle what `auto` means on this machine.

    Raises:
      DeviceError: `train.device` is gpu and there is none, oneDNN would crash, or `train.xla` is always and
        Keras would not compile.
    """
    gpus = num_gpus()
    if train.device == "gpu" and gpus == 0:
        extra = "jax" if keras.backend.backend() == "jax" else "cuda"
        raise DeviceError(
            f"params.yaml: train.device: expected a GPU that the {keras.backend.backend()} backend can use, "
            f"found none; run: pip install -e .[{extra}], check nvidia-smi, "
            "or set train.device to auto or cpu"
        )
    device = "gpu" if gpus and train.device != "cpu" else "cpu"
    precision = train.precision if train.precision != "auto" else _fast_precision(device)
    _refuse_crash(device, precision)
    _refuse_xla(train)
    cpus = keras.distribution.get_device_count("cpu") if num_hosts() > 1 else 1
    num_devices = gpus if device == "gpu" else cpus
    return Compute(device, precision, num_devices, xla=keras.backend.backend() == "jax")


def _refuse_crash(device: str, precision: str) -> None:
    limit, on_tensorflow = _onednn_limit(), keras.backend.backend() == "tensorflow"
    if on_tensorflow and (device, precision) == ("cpu", "bfloat16") and limit in _WITHOUT_BFLOAT16:
        raise DeviceError(
            f"params.yaml: train.precision: expected oneDNN with bfloat16, found oneDNN limited to {limit}; "
            f"run: unset {' '.join(_ONEDNN_LIMITS)}, or set train.precision to float32"
        )


def _onednn_limit() -> str:
    """The instruction set to which oneDNN is limited; empty where it is not."""
    return next((os.environ[name].upper() for name in _ONEDNN_LIMITS if os.environ.get(name)), "")


def _refuse_xla(train: TrainParams) -> None:
    """JAX always compiles its steps; on TensorFlow, Keras compiles no deterministic ones."""
    backend = keras.backend.backend()
    if train.xla == "always" and backend != "jax":
        raise DeviceError(
            f"params.yaml: train.xla: expected auto or never on {backend}, where Keras compiles no "
            "deterministic training; found always; set it to auto, or run: export KERAS_BACKEND=jax"
        )


def distributed(compute: Compute) -> contextlib.AbstractContextManager[Any]:
    """The scope in which a model is built and trained: on several devices, batches are shared.

    Raises:
      DeviceError: there are several devices, and the backend is not one that shares.
    """
    if compute.num_devices == 1:
        return contextlib.nullcontext()
    if keras.backend.backend() == "jax":
        devices = keras.distribution.list_devices(compute.device)[: compute.num_devices]
        scope = keras.distribution.DataParallel(devices=devices).scope()
        return cast("contextlib.AbstractContextManager[Any]", scope)
    if keras.backend.backend() != "tensorflow":
        raise DeviceError(
            f"params.yaml: train.device: expected one GPU (several work only on TensorFlow and JAX), found "
            f"{compute.num_devices}; set CUDA_VISIBLE_DEVICES=0"
        )
    import tensorflow as tf

    names = [f"{compute.device}:{number}" for number in range(compute.num_devices)]
    return cast("contextlib.AbstractContextManager[Any]", tf.distribute.MirroredStrategy(names).scope())


def spread_over_devices(batches: Iterable[Batch]) -> Iterator[tuple[Any, Any, int]]:
    """Batches as the devices of the scope take them.

    Yields:
      Inputs, labels, and the number of examples.
    """
    spread = _spread()
    for inputs, labels in batches:
        yield spread(inputs), spread(labels), len(labels)


def _spread() -> Callable[[np.ndarray], Any]:
    """What shares an array out among the devices of the scope."""
    if (distribution := keras.distribution.distribution()) is not None:
        num_devices = len(distribution.device_mesh.devices.flat)

        def on_jax(array: np.ndarray) -> Any:
            # What cannot be shared evenly, each device computes as a whole.
            axes = ["batch" if len(array) % num_devices == 0 else None] + [None] * (array.ndim - 1)
            layout = keras.distribution.TensorLayout(axes, distribution.device_mesh)
            if distribution.num_processes == 1:
                return keras.distribution.distribute_tensor(array, layout)
            import jax

            # Each host gives its own devices their rows; nothing is compared or sent.
            return jax.make_array_from_callback(array.shape, layout.backend_layout, array.__getitem__)

        return on_jax
    if keras.backend.backend() != "tensorflow":
        return lambda array: array
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return lambda array: tf.constant(array)

    def on_tensorflow(array: np.ndarray) -> Any:
        if len(array) < strategy.num_replicas_in_sync:  # a device cannot compute nothing
            return tf.constant(array)
        parts = np.array_split(array, strategy.num_replicas_in_sync)
        return strategy.experimental_distribute_values_from_function(
            lambda replica: tf.constant(parts[replica.replica_id_in_sync_group])
        )

    return on_tensorflow


def own_part() -> Part:
    """The part of each shared batch that this process makes: all of it, unless there are several hosts."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.num_processes == 1:
        return Part()
    devices = distribution.device_mesh.backend_mesh.devices.flat
    own = [
        number for number, device in enumerate(devices) if device.process_index == distribution._process_id
    ]
    return Part(own[0], own[-1] + 1, len(devices))


def device_name(device: str) -> str:
    """The model of the GPU, or of the processor."""
    if device == "gpu" and keras.backend.backend() == "jax":
        import jax

        return str(jax.devices("gpu")[0].device_kind)
    if device == "gpu" and keras.backend.backend() == "torch":
        import torch

        return str(torch.cuda.get_device_name())
    if device == "gpu":
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[0]
        return str(tf.config.experimental.get_device_details(gpu).get("device_name", "unknown"))
    return processor().name


def num_gpus() -> int:
    """How many GPUs the backend can use."""
    if keras.backend.backend() == "jax":
        import jax

        return sum(device.platform == "gpu" for device in jax.devices())
    if keras.backend.backend() == "torch":
        import torch

        return int(torch.cuda.device_count())
    import tensorflow as tf

    # Keras's own list would start TensorFlow's runtime, and hiding a GPU is too late then.
    return len(tf.config.list_physical_devices("GPU"))


def _fast_precision(device: str) -> str:
    if device == "cpu":
        # Only TensorFlow's kernels make use of it.
        fast = keras.backend.backend() == "tensorflow" and _has_fast_bfloat16()
        return "bfloat16" if fast else "float32"
    major = _gpu_compute_capability()
    # Tensor cores: float16 from Volta (7) on, bfloat16, which needs no loss scaling, from Ampere (8).
    return "bfloat16" if major >= 8 else "float16" if major == 7 else "float32"


def _has_fast_bfloat16() -> bool:
    has_it = not _FAST_BFLOAT16_FLAGS.isdisjoint(processor().instruction_sets.split())
    return has_it and _onednn_limit() not in _SLOW_BFLOAT16


def _gpu_compute_capability() -> int:
    if keras.backend.backend() == "jax":
        import jax

        return int(float(jax.local_devices(backend="gpu")[0].compute_capability))
    if keras.backend.backend() == "torch":
        import torch

        return int(torch.cuda.get_device_capability()[0])
    import tensorflow as tf

    gpu = tf.config.list_physical_devices("GPU")[0]
    return int(tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))[0])
