"""Whether a remote answers: what each kind of file system says where nobody has saved to it yet."""

from types import SimpleNamespace
from typing import Any

import pytest

from pawtrace.rebuilding import remote_answer


class NoSuchFileError(Exception):
    """As a library for ssh has it: no FileNotFoundError, and no HTTP status."""


class ServerError(Exception):
    """As a library for HTTP has it."""

    def __init__(self, status: int) -> None:
        self.status = status


def ask(protocol: str, cause: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def info(_: str) -> Any:
        raise FileNotFoundError("files/md5") from cause

    files = SimpleNamespace(fs=SimpleNamespace(protocol=protocol, info=info), path="files/md5")
    cloud = SimpleNamespace(get_remote_odb=lambda _: files)
    monkeypatch.setattr(remote_answer, "Repo", lambda: SimpleNamespace(cloud=cloud))
    monkeypatch.setattr(remote_answer.sys, "argv", ["remote_answer", "store"])
    remote_answer.main()


@pytest.mark.parametrize(
    ("protocol", "cause"),
    [("ssh", NoSuchFileError()), ("s3", NoSuchFileError()), ("https", ServerError(404))],
)
def test_a_folder_that_nobody_has_saved_to_yet_is_an_answer(
    protocol: str, cause: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(protocol, cause, monkeypatch)


@pytest.mark.parametrize(
    ("cause", "said"),
    [(ServerError(403), "ServerError 403"), (ConnectionResetError("gone"), "ConnectionResetError: gone")],
)
def test_a_failure_that_http_calls_not_found_is_none(
    cause: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match=said):
        ask("https", cause, monkeypatch)
