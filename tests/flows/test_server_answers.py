"""A server that is down is waited for, not for ever; a run by hand needs none."""

import http.server
import socket
import threading
import time

import pytest

from flows import server_answers
from flows.server_answers import answers, named_server, wait_for_server
from flows.temporary_server import _free_port
from pawtrace.base.errors import DeviceError


class Healthy(http.server.BaseHTTPRequestHandler):
    """A server that is up."""

    def do_GET(self) -> None:
        """Be healthy."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_without_a_server_named_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    wait_for_server(pytest.fail)


def test_a_server_that_comes_up_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    port = _free_port()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    servers: list[http.server.ThreadingHTTPServer] = []
    said: list[str] = []

    def come_up_the_second_time(line: str) -> None:
        said.append(line)
        if len(said) == 2:
            servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", port), Healthy))
            threading.Thread(target=servers[0].serve_forever, daemon=True).start()

    monkeypatch.setattr(server_answers, "_FIRST_PAUSE_S", 0.1)
    wait_for_server(come_up_the_second_time)
    assert len(said) == 2
    servers[0].shutdown()
    servers[0].server_close()


def test_a_server_that_never_comes_up_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{_free_port()}/api")
    start = time.monotonic()
    with pytest.raises(DeviceError, match="Prefect server at http://127.0.0.1:.*run: make serve"):
        wait_for_server(lambda _: None, wait_s=1)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "url", ["foo", "127.0.0.1:4200/api", "ftp://host/api", "http://", "http://host:port/api"]
)
def test_what_is_no_url_is_told_with_an_example(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(DeviceError, match=f"PREFECT_API_URL: .*http://127.0.0.1:4200/api.*{url!r}.*unset"):
        named_server()


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:4200/api", "https://[::1]:4200/api"])
def test_a_url_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    assert named_server() == (url or None)


def test_what_answers_in_another_language_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"SSH-2.0-x\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert not answers(f"http://127.0.0.1:{port}/api")
