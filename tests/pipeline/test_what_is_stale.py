"""Edit one file and ask DVC what is stale: nothing is run that the edit cannot change."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.repo import Repo

from stages import resolve
from tests.tiny_clone import command, copy_of_the_project, edit_params

pytestmark = pytest.mark.filterwarnings("ignore")  # DVC's own, as it is run in this process

WEIGHTS = "data/weights/base.weights.h5"
ARCHIVE = "data/archives/pets.zip"
RECIPES = {
    "base": {"question": "?", "overrides": {"train": {"weights": WEIGHTS}}},
    "above": {"question": "?", "builds_on": "base", "overrides": {"train": {"seed": 1}}},
    "aside": {"question": "?", "overrides": {}},
}
TRAIN, MEASURE = ({f"{stage}@{recipe}" for recipe in RECIPES} for stage in ("train", "measure"))
OF_DATA = ["data/raw/source.json", "data/raw/rejected.csv", "data/splits/a", "data/records/a"]
OF_REPORT = [
    "reports/data.json",
    "reports/report.html",
    "reports/ladder.md",
    "reports/diagnosis/a",
    "reports/plots/a",
]
OF_RECIPES = [f"models/{recipe}/a" for recipe in RECIPES]
for kind in ("metrics", "evaluations", "provenance"):
    OF_RECIPES += [f"reports/{kind}/{recipe}.json" for recipe in RECIPES]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose stages DVC believes to have run: with made-up outputs, but for those of `resolve`."""
    folder = tmp_path_factory.mktemp("stale") / "project"
    copy_of_the_project(folder)
    edit_params(folder, {"data": {"source": "archive", "archive": ARCHIVE}}, RECIPES)
    with contextlib.chdir(folder):
        for path in map(Path, (WEIGHTS, ARCHIVE, *OF_DATA, *OF_RECIPES, *OF_REPORT)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(path))
        resolve.main()
        command(folder, "dvc", "commit", "--force", "--quiet")
        yield folder


def stale() -> set[str]:
    """The stages that DVC would run again, as far as it can tell before the first of them has run."""
    with Repo() as repo:
        return set(repo.status())


@contextlib.contextmanager
def edited(path: str) -> Iterator[None]:
    """A file with one more line, or a new one."""
    file = Path(path)
    before = file.read_bytes() if file.exists() else None
    file.write_bytes((before or b"") + b"\n# one more line\n")
    yield
    if before is None:
        file.unlink()
    else:
        file.write_bytes(before)


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        ("pawtrace/report/charts.py", {"report"}),
        ("pawtrace/report/report.html.jinja", {"report"}),
        ("pawtrace/diagnosis/verdicts.py", {"report"}),
        ("pawtrace/diagnosis/rules/overfitting.py", {"report"}),
        ("pawtrace/results/paired.py", {"report"}),
        ("pawtrace/evaluation/metrics.py", MEASURE | {"report"}),
        ("pawtrace/evaluation/intervals.py", MEASURE | {"report"}),
        ("pawtrace/learning/fit.py", TRAIN),
        ("pawtrace/learning/inputs/augmentation.py", TRAIN),
        ("pawtrace/dataset/splitting/duplicates.py", {"split", "preprocess", "report"}),
        ("pawtrace/dataset/sources/inspection.py", {"download"}),
        ("pawtrace/inference/export.py", set()),
        ("pawtrace/running/lock.py", set()),
        ("pawtrace/running/entry_point.py", set()),
        ("pawtrace/repro/screen.py", set()),
        ("pawtrace/commands/trace.py", set()),
        ("pawtrace/promotion/judge.py", set()),
        ("pawtrace/lineage/trace/trace.py", set()),
        ("flows/temporary_server.py", set()),
        ("flows/training_artifacts.py", set()),
        ("data/weights/unused.h5", set()),
        ("data/archives/unused.zip", set()),
        (ARCHIVE, {"resolve", "download"}),
        ("data/review.csv", {"split", "report"}),
        ("pawtrace/review/server.py", set()),
        ("pawtrace/setup/profiles.py", set()),
    ],
)
def test_an_edit_makes_stale_what_it_can_change_and_nothing_else(
    built: Path, path: str, stages: set[str]
) -> None:
    is_data = path.startswith("data/")
    assert is_data or (built / path).exists()
    with edited(path):
        assert stale() == stages


@pytest.mark.usefixtures("built")
def test_weights_make_stale_the_recipe_that_reads_them_and_those_that_build_on_it() -> None:
    with edited(WEIGHTS):
        assert stale() == {"resolve"}
        resolve.main()
        # `resolve` itself, as DVC has not seen this run of it.
        assert stale() - {"resolve"} == {"train@base", "train@above"}
    resolve.main()
    assert stale() == set()
