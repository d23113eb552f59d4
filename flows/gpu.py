"""The lock on the only GPU: Prefect's concurrency limit `gpu`, which `make serve` creates."""

import contextlib
from collections.abc import Iterator

from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound

from flows.say import say

GPU = "gpu"
_LEASE_S = 60  # after a kill it is free again within that


@contextlib.contextmanager
def gpu_held() -> Iterator[None]:
    """Hold the GPU, so that only one training runs; on a machine without a GPU, too."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(GPU)
        except ObjectNotFound:
            say(
                f"Prefect has no concurrency limit `{GPU}`, so another training may run at the same time; "
                "to create the limit, run: make serve"
            )
            yield
            return
    with concurrency(GPU, strict=True, lease_duration=_LEASE_S, raise_on_lease_renewal_failure=False):
        yield
