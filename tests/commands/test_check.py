"""What is missing is said in one line before any work; nothing is asked for in vain."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import DeviceError, ParamsError, TrainingError
from pawtrace.commands import check
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.params import Params
from pawtrace.learning import device
from pawtrace.running.git import git
from tests.conftest import ROOT, WriteParams

PRETRAINED = {"train": {"weights": "imagenet"}}
LADDER: dict[str, Any] = {
    "finetuned": {"question": "?", "overrides": PRETRAINED},
    "mobile": {"question": "?", "overrides": {"train": {"weights": "imagenet", "backbone": "mobilenet_v2"}}},
    "unfrozen": {"question": "?", "builds_on": "finetuned", "overrides": {"train": {"batch_size": 8}}},
}


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, project: Path) -> dict[str, str | None]:
    """Answers for URLs, and none for others; Keras's cache is empty; the project is a git repository."""
    git("init", "--quiet")
    answers: dict[str, str | None] = {}

    def unreachable(url: str) -> str | None:
        return answers[url]

    monkeypatch.setattr(check, "unreachable", unreachable)
    monkeypatch.setenv("KERAS_HOME", str(project / "keras"))
    return answers


@pytest.fixture
def ladder(write_params: WriteParams) -> Params:
    return write_params({"recipes": LADDER})


def put_weights(folder: str, backbone: str) -> None:
    path = Path(folder) / PUBLISHED[backbone].file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def line(error: pytest.ExceptionInfo[Exception]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_weights_that_cannot_be_had_are_one_line_with_all_that_helps(
    network: dict[str, str | None], ladder: Params
) -> None:
    network |= {PUBLISHED["vgg16"].url: "no such host", PUBLISHED["mobilenet_v2"].url: "no such host"}
    with pytest.raises(TrainingError) as error:
        check.check_requirements(ladder)
    assert line(error) == (
        "params.yaml: train.weights: imagenet: cannot be downloaded (no such host); fetch "
        f"{PUBLISHED['mobilenet_v2'].file_name} ({PUBLISHED['mobilenet_v2'].url}), "
        f"{PUBLISHED['vgg16'].file_name} ({PUBLISHED['vgg16'].url}) elsewhere and put it into data/weights/ "
        f"or {Path('keras').absolute()}/models/; needed by finetuned, mobile, unfrozen; "
        "from_scratch, from_scratch_normalized need none; run: dvc repro train@from_scratch"
    )


def test_weights_that_can_be_downloaded_are_no_problem(
    network: dict[str, str | None], ladder: Params
) -> None:
    network |= {PUBLISHED["vgg16"].url: None, PUBLISHED["mobilenet_v2"].url: None}
    check.check_requirements(ladder)


@pytest.mark.usefixtures("network")
def test_for_weights_that_are_at_hand_nobody_is_asked(ladder: Params) -> None:
    put_weights("data/weights", "vgg16")
    put_weights("keras/models", "mobilenet_v2")
    check.check_requirements(ladder)


def test_only_what_is_missing_is_named(network: dict[str, str | None], ladder: Params) -> None:
    put_weights("data/weights", "vgg16")
    network[PUBLISHED["mobilenet_v2"].url] = "HTTP Error 404"
    with pytest.raises(TrainingError) as error:
        check.check_requirements(ladder)
    assert PUBLISHED["vgg16"].file_name not in line(error)
    assert "(HTTP Error 404)" in line(error)
    assert (
        "; needed by mobile; finetuned, from_scratch, from_scratch_normalized, unfrozen need none; "
        in line(error)
    )


def test_where_every_recipe_needs_them_none_is_offered(
    network: dict[str, str | None], ladder: Params
) -> None:
    network[PUBLISHED["vgg16"].url] = "no such host"
    recipes = {"finetuned": ladder.recipes["finetuned"]}
    with pytest.raises(TrainingError, match="needed by finetuned; all need them$"):
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


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("key", ["backbone", "weights"])
def test_a_missing_file_is_named_with_its_recipe(write_params: WriteParams, key: str) -> None:
    mine = {"question": "?", "overrides": {"train": {key: "data/weights/mine.keras"}}}
    params = write_params({"recipes": {"mine": mine}})
    with pytest.raises(TrainingError) as error:
        check.check_requirements(params)
    assert line(error).startswith(f"recipe mine: train.{key}: data/weights/mine.keras is missing; put the")
    Path("data/weights").mkdir(parents=True)
    Path("data/weights/mine.keras").touch()
    check.check_requirements(params)


@pytest.mark.usefixtures("network")
def test_a_refused_transform_is_named_with_its_recipe(write_params: WriteParams) -> None:
    turned = {"augmentation": [{"name": "Affine", "arguments": {"rotation": [-10, 10]}}]}
    params = write_params({"recipes": {"turned": {"question": "?", "overrides": {"train": turned}}}})
    with pytest.raises(ParamsError) as error:
        check.check_requirements(params)
    assert line(error).startswith("recipe turned: params.yaml: train.augmentation.0 (Affine): ")
    assert "rotation" in line(error)


@pytest.mark.usefixtures("network")
def test_a_gpu_that_is_wanted_and_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, write_params: WriteParams
) -> None:
    monkeypatch.setattr(device, "num_gpus", lambda: 0)
    check.check_requirements(write_params())
    wanting = {"question": "?", "overrides": {"train": {"device": "gpu"}}}
    params = write_params({"recipes": {"wanting": wanting}})
    with pytest.raises(DeviceError, match="train.device: expected a GPU"):
        check.check_requirements(params)


def test_keras_is_imported_only_for_a_gpu() -> None:
    code = (
        "import sys; from pawtrace.commands.check import check_requirements; "
        "from pawtrace.config.params import load_params; from pathlib import Path; "
        "assert 'albumentations' not in sys.modules; "
        "check_requirements(load_params(Path('tests/params.yaml'))); "
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
