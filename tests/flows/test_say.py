"""What a flow prints of what its stages print."""

import pytest

from flows.say import say

STARTUP = "I0000 00:00:1795824458.873797    1752 cudart_stub.cc:31] Could not find cuda drivers"


def test_what_tensorflow_writes_as_it_starts_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    say(STARTUP)
    say("epoch 1 of 4")
    assert capsys.readouterr().out.splitlines() == ["epoch 1 of 4"]


def test_v_brings_it_back(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAWTRACE_VERBOSE", "1")
    say(STARTUP)
    assert capsys.readouterr().out.splitlines() == [STARTUP]
