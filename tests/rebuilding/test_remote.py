"""Bad nights of a remote: each one a line, tried again where that can help, and nothing lost."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pawtrace.config.sections import RebuildParams
from pawtrace.rebuilding import remote
from pawtrace.running.dvc import Ended
from pawtrace.running.git import git
from tests.dvc_in_process import dvc_in_process
from tests.rebuilding.repositories import repository

__all__ = ["repository"]

REBUILD = RebuildParams(when_busy="wait", when_dirty="refuse", num_retries=3, first_pause_s=10.0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not pause; give what the pauses would have been."""
    taken: list[float] = []
    monkeypatch.setattr(remote.time, "sleep", taken.append)
    return taken


def failing(times: int, error: Exception) -> "tuple[list[int], remote.Callable[[], None]]":
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) <= times:
            raise error

    return calls, work


def test_a_failing_network_is_tried_again_after_growing_pauses(pauses: list[float]) -> None:
    said: list[str] = []
    calls, work = failing(2, remote.RemoteError("remote store: no answer"))
    remote.with_pauses(work, REBUILD, said.append)
    assert len(calls) == 3
    assert pauses == [10.0, 20.0]
    assert said[0] == "remote store: no answer; trying again in 10 s (retry 1 of 3)"


def test_the_last_failure_is_raised(pauses: list[float]) -> None:
    calls, work = failing(9, remote.RemoteError("remote store: no answer"))
    with pytest.raises(remote.RemoteError):
        remote.with_pauses(work, REBUILD, lambda _: None)
    assert len(calls) == 4
    assert pauses == [10.0, 20.0, 40.0]


def test_credentials_that_are_refused_are_not_tried_again(pauses: list[float]) -> None:
    calls, work = failing(9, remote.RemoteRefusedError("remote store: 403"))
    with pytest.raises(remote.RemoteRefusedError):
        remote.with_pauses(work, REBUILD, lambda _: None)
    assert (len(calls), pauses) == (1, [])


class Refusing(http.server.BaseHTTPRequestHandler):
    """A remote that knows nobody."""

    def do_GET(self) -> None:
        """Refuse."""
        self.send_response(403)
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/store"
    server.shutdown()
    server.server_close()


@pytest.fixture
def tracked(repository: Path) -> Path:
    """A file that DVC has in its cache."""
    dvc_in_process("init", "--quiet")
    (repository / "big.bin").write_text("large\n")
    assert dvc_in_process("add", "--quiet", "big.bin").code == 0
    git("add", "--all")
    return repository


def set_remote(url: str) -> None:
    assert dvc_in_process("remote", "add", "--force", "--default", "store", url).code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("tracked")
def test_no_remote_is_no_error() -> None:
    assert remote.remote_name() is None


@pytest.mark.slow
def test_what_was_saved_comes_back(tracked: Path) -> None:
    set_remote(str(tracked.parent / "store"))
    assert remote.remote_name() == "store"
    remote.save("store", lambda _: None)
    dvc_in_process("gc", "--workspace", "--force")
    (tracked / ".dvc/cache/files").rename(tracked / "lost")
    (tracked / "big.bin").unlink()
    remote.bring("store", lambda _: None)
    assert dvc_in_process("checkout").code == 0
    assert (tracked / "big.bin").read_text() == "large\n"


@pytest.mark.slow
def test_an_empty_remote_is_no_error(tracked: Path) -> None:
    set_remote(str(tracked.parent / "new"))
    remote.bring("store", lambda _: None)


@pytest.mark.slow
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/store", "/nowhere/at/all/there"])
def test_a_remote_that_does_not_answer_is_one_line(tracked: Path, url: str) -> None:
    set_remote(url)
    for work in (remote.bring, remote.save):
        with pytest.raises(remote.RemoteError, match="^remote store: expected an answer, found: ") as error:
            work("store", lambda _: None)
        assert "nothing on this machine was lost; when the remote works again, run: dvc" in str(error.value)
        assert "\n" not in str(error.value)
    assert (tracked / "big.bin").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("tracked")
def test_wrong_credentials_are_called_so(refusing: str) -> None:
    set_remote(refusing)
    with pytest.raises(remote.RemoteRefusedError, match="refused the credentials: .*403"):
        remote.bring("store", lambda _: None)


@pytest.mark.slow
@pytest.mark.usefixtures("tracked")
@pytest.mark.parametrize(
    ("url", "more", "found"),
    [
        ("hdfs://127.0.0.1/store", "", "requires 'dvc-hdfs' to be installed"),
        ("/nowhere", "    keyfil = x\n", "extra keys not allowed"),
    ],
)
def test_a_remote_that_is_set_up_wrongly_is_not_tried_again(url: str, more: str, found: str) -> None:
    set_remote(url)
    with Path(".dvc/config").open("a") as config:
        config.write(more)
    said = f"expected a configuration that dvc can use, found: .*{found}"
    with pytest.raises(remote.RemoteRefusedError, match=said):
        remote.bring("store", lambda _: None)


@pytest.mark.parametrize("digest", ["c401f", "a403b", "9404e"])
def test_digits_of_a_digest_are_no_status(digest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"ERROR: failed to transfer '{digest}' - connection reset"
    monkeypatch.setattr(remote, "ask", lambda _: None)
    monkeypatch.setattr(remote, "run_dvc", lambda *_: Ended(1, [line]))
    for work in (remote.bring, remote.save):
        with pytest.raises(remote.RemoteError, match="expected an answer") as error:
            work("store", lambda _: None)
        assert not isinstance(error.value, remote.RemoteRefusedError)


@pytest.mark.slow
def test_a_remote_that_breaks_off_half_way_is_no_success(tracked: Path) -> None:
    store = tracked.parent / "store"
    set_remote(str(store))
    remote.save("store", lambda _: None)
    for number in range(3):
        (tracked / f"more{number}.bin").write_text(f"{number}\n")
        assert dvc_in_process("add", "--quiet", f"more{number}.bin").code == 0
    # A folder of which one file cannot be written stands in for a network that fails meanwhile.
    (store / "files/md5/b0").write_text("in the way")  # the digest of '1\\n' is b026...
    with pytest.raises(remote.RemoteError):
        remote.save("store", lambda _: None)
    (store / "files/md5/b0").unlink()
    remote.save("store", lambda _: None)
    assert len([path for path in (store / "files/md5").rglob("*") if path.is_file()]) >= 4
