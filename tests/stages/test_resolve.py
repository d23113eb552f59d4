"""An edit of params.yaml changes the files of the recipes that it concerns, and no others."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pawtrace.base.errors import DataError, ParamsError
from pawtrace.base.files import sha256_of
from pawtrace.config.params import merged
from pawtrace.running.entry_point import run_stage
from stages import resolve
from tests.conftest import ROOT, WriteParams

RECIPES: dict[str, Any] = {
    "low": {"question": "?", "overrides": {"train": {"batch_size": 8}}},
    "high": {"question": "?", "builds_on": "low", "overrides": {"train": {"head": {"dropout": 0.5}}}},
    "aside": {"question": "?", "overrides": {"train": {"seed": 3}}},
}
Resolve = Callable[..., dict[str, bytes]]


@pytest.fixture
def resolved(write_params: WriteParams) -> Resolve:
    """Run the stage with changes to params.yaml; the content of each recipe's file."""

    def run(changes: dict[str, Any] | None = None) -> dict[str, bytes]:
        write_params(merged({"recipes": RECIPES}, changes or {}))
        run_stage(resolve.main, "resolve")
        files = {path.stem: path.read_bytes() for path in Path("data/recipes").iterdir()}
        measures = {f"measure {path.stem}": path.read_bytes() for path in Path("data/measures").iterdir()}
        return {name: content for name, content in (files | measures).items() if name.split()[-1] in RECIPES}

    return run


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("changes", "concerned"),
    [
        ({"recipes": {"low": {"overrides": {"train": {"batch_size": 4}}}}}, {"low", "high"}),
        ({"recipes": {"high": {"overrides": {"train": {"head": {"dropout": 0.4}}}}}}, {"high"}),
        ({"recipes": {"aside": {"overrides": {"evaluate": {"num_bootstrap": 300}}}}}, {"measure aside"}),
        ({"recipes": {"aside": {"overrides": {"evaluate": {"num_worst_errors": 3}}}}}, {"aside"}),
        ({"recipes": {"high": {"builds_on": "aside"}}}, {"high"}),
        ({"train": {"batch_size": 2}}, {"aside"}),  # the others override it
        ({"probe": {"num_examples": 32}}, {"low", "high", "aside"}),
        ({"probe": {"overlap_distance": 32}}, set()),  # the stage `split` reads it
        ({"evaluate": {"calibration_bins": 5}}, {f"measure {name}" for name in RECIPES}),
        ({"recipes": {"low": {"question": "Another?", "cures": ["dead"]}}}, set()),
        ({"recipes": {"new": RECIPES["low"]}}, set()),
        ({"diagnose": {"overfitting_gap": 0.1}}, set()),
        ({"train": {"mixup_alpha": 0}}, set()),  # 0 is 0.0
        ({"recipes": {"low": {"overrides": {"train": {"layerwise_decay": 1}}}}}, set()),
    ],
)
def test_an_edit_changes_the_recipes_that_it_concerns(
    resolved: Resolve, changes: dict[str, Any], concerned: set[str]
) -> None:
    assert changed(resolved(), resolved(changes)) == concerned


def test_a_chain_under_other_names_is_the_same_recipe(resolved: Resolve) -> None:
    renamed = {"base": RECIPES["low"], "high": {"builds_on": "base"}}
    assert changed(resolved(), resolved({"recipes": renamed})) == set()


def test_a_recipe_that_is_gone_leaves_no_file(resolved: Resolve, write_params: WriteParams) -> None:
    resolved()
    params = write_params()
    resolve.main()
    assert {path.stem for path in Path("data/recipes").iterdir()} == set(params.recipes)


@pytest.mark.parametrize(
    ("builds_on", "said"),
    [
        ("hihg", "recipes.low.builds_on: no such recipe; did you mean high?"),
        ("high", "recipes.low.builds_on: expected no cycle, found high -> low -> high"),
    ],
)
def test_a_chain_that_does_not_end_is_one_line_and_keeps_the_files(
    resolved: Resolve, builds_on: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = resolved()
    with pytest.raises(ParamsError) as error:
        resolved({"recipes": {"low": {"builds_on": builds_on}}})
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(SystemExit, match="^1$"):
        run_stage(resolve.main, "resolve")
    assert capsys.readouterr().err == f"pawtrace resolve: {error.value}\n"
    assert {name: Path(f"data/recipes/{name}.json").read_bytes() for name in RECIPES} == {
        name: before[name] for name in RECIPES
    }


def test_the_stage_starts_without_any_heavy_library() -> None:
    heavy = "{'tensorflow', 'keras', 'albumentations', 'cv2', 'numpy', 'prefect'}"
    code = f"import stages.resolve, sys; sys.exit(str({heavy} & set(sys.modules) or ''))"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stderr.strip() == ""


def test_a_recipes_file_holds_the_digest_of_its_own_weights_alone(resolved: Resolve) -> None:
    weights = Path("data/weights/mine.weights.h5")
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    uses_them = {"recipes": {"low": {"overrides": {"train": {"weights": str(weights)}}}}}
    before = resolved(uses_them)
    assert json.loads(before["low"])["weights"] == {str(weights): sha256_of(weights)}
    assert json.loads(before["aside"])["weights"] == {}
    weights.with_name("unused.h5").write_bytes(b"unused")
    assert changed(before, resolved(uses_them)) == set()
    weights.write_bytes(b"other weights")
    assert changed(before, resolved(uses_them)) == {"low", "high"}


def test_only_the_archive_and_the_weights_that_params_name_are_linked(resolved: Resolve) -> None:
    for name in ("archives/mine.zip", "archives/other.zip", "weights/mine.h5", "weights/other.h5"):
        Path("data", name).parent.mkdir(parents=True, exist_ok=True)
        Path("data", name).write_bytes(name.encode())
    resolved(
        {
            "data": {"source": "archive", "archive": "data/archives/mine.zip"},
            "recipes": {"aside": {"overrides": {"train": {"weights": "data/weights/mine.h5"}}}},
        }
    )
    links = [path for path in Path("data/in_use").rglob("*") if path.is_symlink()]
    assert {path.read_bytes() for path in links} == {b"archives/mine.zip", b"weights/mine.h5"}
    assert Path("data/in_use/archive").read_bytes() == b"archives/mine.zip"


def test_a_missing_archive_is_one_line_with_its_path(resolved: Resolve) -> None:
    with pytest.raises(SystemExit, match="^1$"):
        resolved({"data": {"source": "archive", "archive": "data/archives/none.zip"}})
    with pytest.raises(DataError, match=r"data\.archive: data/archives/none\.zip is missing"):
        resolve.main()


def test_what_a_removed_recipe_left_is_deleted(resolved: Resolve) -> None:
    metrics = [Path(f"reports/metrics/{name}.json") for name in (*RECIPES, "removed_long_ago")]
    for file in metrics:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    resolved()
    assert [file.exists() for file in metrics] == [True, True, True, False]
