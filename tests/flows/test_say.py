"""What a flow prints of what its stages print."""

import pytest

from flows.say import say

STARTUP = "I0000 00:00:1795824458.873797    1752 cudart_stub.cc:31] Could not find cuda drivers"
OUT_OF_MEMORY = "W0000 00:00:1795824458.873797    1752 bfc_allocator.cc:497] Allocator (GPU_0_bfc) ran out of"


def test_what_tensorflow_writes_as_it_starts_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    say(STARTUP)
    for line in ("epoch 1 of 4", OUT_OF_MEMORY):
        say(line)
    assert capsys.readouterr().out.splitlines() == ["epoch 1 of 4", OUT_OF_MEMORY]


def test_v_brings_it_back(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAWTRACE_VERBOSE", "1")
    say(STARTUP)
    assert capsys.readouterr().out.splitlines() == [STARTUP]
