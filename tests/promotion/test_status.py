"""`pawtrace status` says which model is in use, and names what was done to it by hand."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pawtrace.config.params import Params
from pawtrace.promotion.promote import rollback
from pawtrace.promotion.switch import link_promoted
from pawtrace.promotion.tracking import read_pointer
from tests.promotion.dvc_project import GOOD, POOR, PROMOTED, command, run, use

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda: (PROMOTED / "model.keras").write_bytes(b"x"), "models/promoted/model.keras: changed"),
        (lambda: (PROMOTED / "extra").touch(), "models/promoted/extra: added by hand"),
        (lambda: (PROMOTED / "predictions.csv").unlink(), "models/promoted/predictions.csv: missing"),
        (lambda: (PROMOTED / "promoted.json").unlink(), "promoted.json is missing"),
        (
            lambda: (PROMOTED / "promoted.json").write_text(
                (PROMOTED / "promoted.json").read_text().replace("no model", "nothing")
            ),
            "models/promoted is not the model of promoted.dvc",
        ),
        (
            lambda: Path("promoted").rename("gone"),
            "models/promoted is missing; run: dvc checkout promoted.dvc",
        ),
    ],
)
def test_status_names_what_was_done_by_hand_and_its_line_mends_it(
    params: Params, capsys: pytest.CaptureFixture[str], spoil: Callable[[], object], problem: str
) -> None:
    use(POOR, params)
    assert command("status") == 0
    assert "\ntrained        2026-" in capsys.readouterr().out
    spoil()
    assert command("status") == 1
    assert problem in capsys.readouterr().err
    run("dvc", "checkout", "--force", "promoted.dvc")
    assert command("status") == 0


def assert_promoting_again_mends(problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("status") == 1
    assert f"{problem}; run: pawtrace promote --force {POOR}\n" in capsys.readouterr().err
    assert command("promote", "--force", POOR) == 0
    assert command("status") == 0


@pytest.mark.usefixtures("answers_as_recorded")
def test_a_file_that_was_changed_and_committed_by_hand_is_named_all_the_same(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    use(POOR, params)
    (PROMOTED / "model.keras").write_bytes(b"x")
    run("dvc", "commit", "--force", "promoted.dvc")
    assert_promoting_again_mends("model.keras: changed", capsys)


@pytest.mark.usefixtures("answers_as_recorded")
def test_no_command_is_advised_that_loses_the_model_where_the_cache_has_lost_it(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    use(POOR, params)
    shutil.rmtree(".dvc/cache/files")
    assert command("status") == 1
    assert "still here; run: dvc commit --force promoted.dvc" in capsys.readouterr().err
    run("dvc", "commit", "--force", "promoted.dvc")
    assert command("status") == 0
    (PROMOTED / "model.keras").write_bytes(b"x")
    shutil.rmtree(".dvc/cache/files")
    assert_promoting_again_mends("model.keras: changed", capsys)


@pytest.mark.usefixtures("answers_as_recorded")
def test_status_names_a_promotion_that_was_cut_off_and_its_line_mends_it(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    use(POOR, params)
    copy = Path(".pawtrace/promoted")
    shutil.copytree(PROMOTED, copy)
    link_promoted(copy)
    assert_promoting_again_mends("the promotion was interrupted", capsys)


def test_status_says_what_is_in_use(params: Params, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("status") == 1
    assert capsys.readouterr().err == "pawtrace status: no model is promoted yet; run: pawtrace promote\n"
    use(POOR, params)
    use(GOOD, params)
    pointer = read_pointer()
    assert pointer is not None
    assert command("status") == 0
    said = capsys.readouterr().out
    for part in (GOOD, pointer.in_use_since, "98.0 %", f"previous model {POOR}", "98.0 % against 94.0 %"):
        assert part in said
    assert "by a rollback" not in said
    rollback()
    assert command("status") == 0
    said = capsys.readouterr().out
    assert re.search(rf"recipe +{POOR}\n(.|\n)*in use since .*, by a rollback\n", said)
