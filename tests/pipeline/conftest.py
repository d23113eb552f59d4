"""A Prefect server for the flows of a module."""

from collections.abc import Iterator

import pytest

from tests.tiny_clone import prefect_server_for_all


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One for all flows that end by themselves; a flow that is killed starts its own."""
    with prefect_server_for_all(tmp_path_factory):
        yield
