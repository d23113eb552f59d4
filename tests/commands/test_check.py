"""What is missing is said in one line before any work; nothing is asked for in vain."""

import re
import time
from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import TrainingError
from pawtrace.commands import check
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.params import Params
from tests.commands.conftest import PutWeights, line
from tests.conftest import WriteParams


def test_weights_that_cannot_be_had_are_one_line_with_all_that_helps(
    network: dict[str, str | None], ladder: Params
) -> None:
    network |= {PUBLISHED["vgg16"].url: "no such host", PUBLISHED["mobilenet_v2"].url: "no such host"}
    with pytest.raises(TrainingError) as error:
        check.check_requirements(ladder)
    assert line(error) == (
        "params.yaml: train.weights: imagenet: cannot download (no such host); fetch "
        f"{PUBLISHED['mobilenet_v2'].file_name} ({PUBLISHED['mobilenet_v2'].url}), "
        f"{PUBLISHED['vgg16'].file_name} ({PUBLISHED['vgg16'].url}) on another machine and put it into "
        f"data/weights/ or {Path('keras').absolute()}/models/; needed by finetuned, mobile, unfrozen; not "
        "needed by from_scratch, from_scratch_normalized; to train one of these, run: dvc repro "
        "train@from_scratch"
    )


def test_weights_that_can_be_downloaded_are_no_problem(
    network: dict[str, str | None], ladder: Params
) -> None:
    network |= {PUBLISHED["vgg16"].url: None, PUBLISHED["mobilenet_v2"].url: None}
    check.check_requirements(ladder)


@pytest.mark.usefixtures("network")
def test_for_weights_that_are_at_hand_nobody_is_asked(ladder: Params, put_weights: PutWeights) -> None:
    put_weights("data/weights", "vgg16")
    put_weights("keras/models", "mobilenet_v2")
    check.check_requirements(ladder)


def test_only_what_is_missing_is_named(
    network: dict[str, str | None], ladder: Params, put_weights: PutWeights
) -> None:
    put_weights("data/weights", "vgg16")
    network[PUBLISHED["mobilenet_v2"].url] = "HTTP Error 404"
    with pytest.raises(TrainingError) as error:
        check.check_requirements(ladder)
    assert PUBLISHED["vgg16"].file_name not in line(error)
    assert "(HTTP Error 404)" in line(error)
    assert (
        "; needed by mobile; not needed by finetuned, from_scratch, from_scratch_normalized, unfrozen; "
        in line(error)
    )


def test_where_every_recipe_needs_them_none_is_offered(
    network: dict[str, str | None], ladder: Params
) -> None:
    network[PUBLISHED["vgg16"].url] = "no such host"
    recipes = {"finetuned": ladder.recipes["finetuned"]}
    with pytest.raises(TrainingError, match="needed by finetuned; all recipes need these weights$"):
        check.check_requirements(ladder.model_copy(update={"recipes": recipes}))


def test_networks_that_hang_are_waited_for_together(
    monkeypatch: pytest.MonkeyPatch, network: dict[str, str | None], ladder: Params
) -> None:
    assert not network

    def hang(_: str) -> str:
        time.sleep(0.5)
        return "no answer"

    monkeypatch.setattr(check, "unreachable", hang)
    start = time.monotonic()
    with pytest.raises(TrainingError, match="no answer"):
        check.check_requirements(ladder)
    assert time.monotonic() - start < 0.9


@pytest.mark.usefixtures("network", "ladder")
def test_the_command_ends_with_the_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "unreachable", lambda _: "no such host")
    with pytest.raises(SystemExit, match="^1$"):
        main(["check"])
    said = capsys.readouterr().err
    assert "params.yaml: train.weights: imagenet" in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("network")
def test_without_problems_the_command_succeeds(
    write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    with pytest.raises(SystemExit, match="^0$"):
        main(["check"])
    assert capsys.readouterr().err == ""


def test_a_folder_without_git_is_told_before_dvc_refuses_it(
    write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_params()
    with pytest.raises(SystemExit, match="^1$"):
        main(["check"])
    assert re.search("^pawtrace check: .*not a git repository.*run: git init", capsys.readouterr().err)


def test_wrong_params_cannot_be_checked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "params.yaml").write_text("data: {}\n")
    with pytest.raises(SystemExit, match="^2$"):
        main(["check"])
    assert "params.yaml: data.source" in capsys.readouterr().err
