"""What a rebuild says of a `dvc repro` that failed: one line, with what to do once."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from flows import rebuild, rebuild_artifacts
from flows.rebuild_artifacts import Progress
from pawtrace.base.errors import TrainingError
from pawtrace.running.dvc import Ended
from tests.conftest import WriteParams

NOT_KEPT = "ERROR: failed to transfer 'a652' - [Errno 28] No space left on device: 'models/a' -> 'cache/a6'"
FULL = (
    "pawtrace report: the disk is full ([Errno 28] No space left on device); finished work is kept; "
    "free some space and run: dvc repro report"
)
AGAIN = "run: python -m flows.rebuild"


class NoProgress:
    """Takes the place of an artifact on a server."""

    def __init__(self, _: int) -> None:
        pass

    def line(self, text: str) -> None:
        pass

    def finish(self) -> None:
        pass


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        (1, "pawtrace split: data/raw is missing", ["pawtrace split: data/raw is missing"]),
        (1, FULL, ["pawtrace report: ", "No space left on device", AGAIN]),
        (0, NOT_KEPT, [NOT_KEPT, AGAIN]),
    ],
    ids=["a stage failed", "a stage found the disk full", "dvc could not keep a file"],
)
def test_the_line(
    write_params: WriteParams,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    line: str,
    said: list[str],
) -> None:
    def run_dvc(_: list[str], say: Callable[[str], object], **__: object) -> Ended:
        say(line)
        return Ended(code, [line])

    monkeypatch.setattr(rebuild, "run_dvc", run_dvc)
    monkeypatch.setattr(rebuild, "Progress", NoProgress)
    with (tmp_path / "lock").open("w") as lock, pytest.raises(TrainingError) as error:
        rebuild.reproduce.fn(write_params(), lock)
    message = str(error.value)
    assert message.startswith("dvc repro: ")
    assert all(part in message for part in said)
    assert message.count("finished work is kept") == 1
    assert message.count("run: ") <= 1  # not also the advice of the stage


def test_a_server_that_dies_does_not_end_the_dvc_whose_progress_it_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    num_updates = 0

    def refuse(*_: object) -> None:
        nonlocal num_updates
        num_updates += 1
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(rebuild_artifacts, "create_progress_artifact", lambda *_, **__: "an id")
    monkeypatch.setattr(rebuild_artifacts, "update_progress_artifact", refuse)
    progress = Progress(2)
    for stage in ("download", "split", "train@a"):
        progress.line(f"Running stage '{stage}':")
    progress.finish()
    assert num_updates == 1
    assert "Running stage 'train@a':" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_the_progress_counts_every_stage_of_dvc_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    monkeypatch.setattr(rebuild_artifacts, "create_progress_artifact", lambda *_, **__: "an id")
    monkeypatch.setattr(
        rebuild_artifacts, "update_progress_artifact", lambda _id, percent, _words: shares.append(percent)
    )
    before = ["resolve", "download", "split", "preprocess"]
    of_recipes = [f"{kind}@{recipe}" for recipe in ("a", "b") for kind in ("train", "measure")]
    progress = Progress(2)
    for stage in [*before, *of_recipes, "report"]:
        progress.line(f"Running stage '{stage}':")
    assert shares == pytest.approx([100 * done / 9 for done in range(9)])
