"""What tests of `download` share: params for it, no network, and what a failure must leave."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import WriteParams
from tests.stages.downloading import RAW, SetData


@pytest.fixture
def set_data(write_params: WriteParams) -> SetData:
    """Write params.yaml with a `data` section for an archive, changed as given."""

    def write(**data: Any) -> None:
        write_params({"data": {"source": "archive", **data}})

    return write


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lets nothing out; the list says what tried."""
    tried: list[str] = []

    look_up = socket.getaddrinfo

    def refuse(host: str, *rest: Any, **options: Any) -> Any:
        if host == "127.0.0.1":
            return look_up(host, *rest, **options)
        tried.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


@pytest.fixture
def finished() -> Callable[[], None]:
    """An earlier data/raw; to be called after a failure, to see that nothing else is left."""
    RAW.mkdir(parents=True)
    (RAW / "dataset_info.json").write_text("finished earlier")

    def unchanged() -> None:
        assert [path.name for path in RAW.parent.iterdir() if path.name != "archives"] == ["raw"]
        assert [path.name for path in RAW.iterdir()] == ["dataset_info.json"]
        assert (RAW / "dataset_info.json").read_text() == "finished earlier"

    return unchanged
