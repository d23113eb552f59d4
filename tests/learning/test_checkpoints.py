"""A checkpoint is whole or it is not used: the one before takes its place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pawtrace.learning.checkpoints import Checkpoint, Checkpoints


def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for epoch in range(4):
        weights = [np.full(1000, epoch, np.float32), np.arange(3)]
        checkpoints.save(Checkpoint({"epoch": epoch}, weights, [np.float32(epoch)], []))
    files = sorted((tmp_path / "checkpoints").iterdir())
    assert len(files) == 2
    content = bytearray(files[1].read_bytes())
    content[len(content) // 2] ^= 1  # one bit
    files[1].write_bytes(bytes(content))
    found = checkpoints.load()
    assert found is not None
    assert found.state == {"epoch": 2}
    np.testing.assert_array_equal(found.model[0], np.full(1000, 2, np.float32))
    assert str(files[1]) in capsys.readouterr().out
    files[0].write_bytes(files[0].read_bytes()[:100])
    assert checkpoints.load() is None
    checkpoints.save(Checkpoint({"epoch": 9}, [], [], []))
    assert checkpoints.load() is not None


def test_an_interrupted_write_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(Checkpoint({"epoch": 1}, [np.zeros(3)], [], []))

    def fill_up(file: Any, **_: Any) -> None:
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", fill_up)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save(Checkpoint({"epoch": 2}, [np.zeros(3)], [], []))
    found = checkpoints.load()
    assert found is not None
    assert found.state == {"epoch": 1}
