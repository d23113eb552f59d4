"""Whether a host can be reached is known soon, however it fails to answer."""

import socket
import urllib.request

import pytest

from pawtrace.dataset.sources import network


def test_a_proxy_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "_opener", None)  # which remembers the proxies
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setattr(network, "_ANSWER_TIMEOUT_S", 0.2)

        assert "timed out" in str(network.unreachable("https://download.microsoft.com/x.zip"))


def test_the_time_limits_of_the_network_leave_room_for_starting() -> None:
    assert network._ANSWER_TIMEOUT_S <= network._TOTAL_TIMEOUT_S <= 10
