"""Check that a head fits into this machine's memory, before building it fails."""

import psutil

from pawtrace.base.errors import DeviceError
from pawtrace.config.train_params import BYTES_PER_WEIGHT, Head


def require_memory_for(head: Head, num_features: int) -> None:
    """Refuse a head that this machine cannot train.

    A GPU may have less memory than the machine around it; running out of that is named when it happens.

    Args:
      head: its layers.
      num_features: values that the backbone, or the pooling after it, makes of an image.
    Raises:
      DeviceError: names the weights, the memory that they take and the memory that there is.
    """
    num_weights = head.num_weights(num_features)
    needed, total = num_weights * BYTES_PER_WEIGHT, psutil.virtual_memory().total
    if needed > total:
        raise DeviceError(
            f"params.yaml: train.head.units: expected a head that fits into memory, found "
            f"{num_weights:,} weights ({list(head.units)} units on {num_features:,} features), which take "
            f"{needed / 1e9:,.0f} GB in training, of {total / 1e9:,.0f} GB here; name fewer units, "
            "or set train.head.pooling to average"
        )
