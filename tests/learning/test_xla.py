"""XLA is used where a trial says so, and the answer is remembered."""

import json
from pathlib import Path

import pytest

from pawtrace.learning import xla
from pawtrace.learning.device import Compute
from pawtrace.learning.xla import choose_xla
from tests.learning.tiny import tiny_backbone, tiny_train

CPU = Compute("cpu", "float32")


def test_always_and_never_need_no_trial(tmp_path: Path) -> None:
    assert choose_xla(tiny_train(xla="always"), CPU, tmp_path / "x.json").xla
    assert not choose_xla(tiny_train(xla="never"), CPU, tmp_path / "x.json").xla
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(("compiled_s", "helps"), [(0.5, True), (0.95, False), (2.0, False)])
def test_the_trial_decides_by_its_times(
    compiled_s: float, helps: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xla, "_step_s", lambda _, compute: compiled_s if compute.xla else 1.0)
    assert choose_xla(tiny_train(xla="auto"), CPU, tmp_path / "x.json").xla is helps
    monkeypatch.setattr(xla, "_step_s", lambda *_: pytest.fail("a second trial"))
    assert choose_xla(tiny_train(xla="auto"), CPU, tmp_path / "x.json").xla is helps


@pytest.mark.slow
def test_a_real_trial_measures_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = tiny_train(xla="auto", backbone=str(tiny_backbone(tmp_path / "b.keras")), batch_size=4)
    chosen = choose_xla(train, CPU, tmp_path / "x.json")
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["plain_step_s"] > 0 < found["xla_step_s"]
    assert chosen.xla is found["xla"]
    assert "XLA trial" in capsys.readouterr().out
