"""Traceable for real: DVC, Prefect, git and training in fresh clones, tiny."""

import csv
import json
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pawtrace.dataset.sources.drawn.sample import write_sample_archive
from pawtrace.lineage.trace.dvc_cache import md5_of
from tests.pipeline.traced_clone import (
    BOTH,
    MODULE,
    RECIPES,
    built_twice,
    causes_of,
    clone_with,
    pawtrace,
    traced,
)
from tests.tiny_clone import (
    command,
    flip_a_bit_unseen,
    stages_run,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server")]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn pictures in an archive of the user's."""
    path = tmp_path_factory.mktemp("archive") / "photos.zip"
    write_sample_archive(path, 80, 0)
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Path:
    return built_twice(tmp_path_factory.mktemp("built") / "pawtrace", archive, RECIPES)


@pytest.fixture(scope="module")
def built_of_both(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Path:
    return built_twice(tmp_path_factory.mktemp("both") / "pawtrace", archive, BOTH)


def test_another_process_another_order_of_the_archive_and_one_core_give_the_same_metrics(
    built: Path, archive: Path, tmp_path: Path
) -> None:
    expect_a_twin_with_the_same_metrics(built, archive, tmp_path, RECIPES)


@pytest.mark.long
def test_a_twin_with_a_recipe_in_float32_and_one_in_bfloat16_has_the_same_metrics(
    built_of_both: Path, archive: Path, tmp_path: Path
) -> None:
    expect_a_twin_with_the_same_metrics(built_of_both, archive, tmp_path, BOTH)


def expect_a_twin_with_the_same_metrics(
    built: Path, archive: Path, tmp_path: Path, recipes: dict[str, Any]
) -> None:
    shuffled = tmp_path / "shuffled.zip"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(shuffled, "w") as target:
        members = source.infolist()
        random.Random(1).shuffle(members)
        for member in members:
            target.writestr(member, source.read(member))
    assert shuffled.read_bytes() != archive.read_bytes()
    twin = clone_with(tmp_path / "pawtrace", shuffled, recipes)
    command(twin, "taskset", "-c", "0", "dvc", "repro", *(f"measure@{recipe}" for recipe in recipes))
    for recipe in recipes:
        path = f"reports/metrics/{recipe}.json"
        assert (twin / path).read_text() == command(built, "git", "show", f"HEAD~1:{path}").stdout


def test_the_trace_of_a_real_commit_names_param_and_module(built: Path) -> None:
    found = traced(built, "HEAD~1", "HEAD")
    module = ("code", MODULE)
    assert causes_of(found) == {"coarse": {("param", "train.learning_rate"), module}}
    assert {recipe["verdict"] for recipe in found.values()} == {"explained"}
    (touched,) = [c["commits"] for c in found["coarse"]["causes"] if c["kind"] == "code"]
    assert touched[0].endswith("Another order of the examples")


@pytest.mark.long
def test_the_param_of_one_recipe_explains_nothing_of_another(built_of_both: Path) -> None:
    found = traced(built_of_both, "HEAD~1", "HEAD")
    module = ("code", MODULE)
    assert causes_of(found) == {"exact": {("param", "train.learning_rate"), module}, "coarse": {module}}


@pytest.mark.long
def test_attribution_retrains_only_the_recipe_whose_param_changed(built_of_both: Path) -> None:
    done = pawtrace(built_of_both, "trace", "HEAD~1", "HEAD", "--attribute", "--json")
    assert [stage for stage in stages_run(done.stderr) if "train" in stage] == ["train@exact"]
    attributions = json.loads(done.stdout)["attributions"]
    groups = {of["recipe"]: [share["group"] for share in of["shares"]] for of in attributions}
    assert groups.get("exact", ["params", "code"]) == ["params", "code"]


def test_a_metric_edited_by_hand_fails_the_trace(built: Path) -> None:
    path = built / "reports/metrics/coarse.json"
    before = path.read_text()
    path.write_text(re.sub(r'"accuracy": [\d.]+', '"accuracy": 0.987', before))
    done = pawtrace(built, "trace")
    path.write_text(before)
    assert done.returncode == 1
    assert "coarse: UNEXPLAINED" in done.stdout
    assert pawtrace(built, "trace").returncode == 0


def test_provenance_says_what_the_metrics_were_made_from(built: Path) -> None:
    first = command(built, "git", "rev-parse", "HEAD~1").stdout.strip()
    provenance = json.loads((built / "reports/provenance/coarse.json").read_text())
    assert provenance["params"]["train"]["learning_rate"] == 0.05
    assert provenance["machine"]["precision"] == "bfloat16"
    (run,) = provenance["training"]["runs"]
    assert run["git_commit"] == first
    assert {"params.yaml", MODULE} <= set(run["uncommitted"])
    assert run["flow_run_id"]
    assert provenance["training"]["duration_s"] > 0


def test_attribution_takes_the_difference_apart_and_runs_nothing_twice(built: Path) -> None:
    done = pawtrace(built, "trace", "HEAD~1", "HEAD", "--attribute", "--json")
    assert "last time" in done.stderr
    assert done.stderr.index("last time") < done.stderr.index("Running stage")
    assert [stage for stage in stages_run(done.stderr) if "train" in stage] == ["train@coarse"]
    content = json.loads(done.stdout)
    shares = {of["recipe"]: of["shares"] for of in content["attributions"]}
    for recipe, values in shares.items():
        moved = next(of for of in content["recipes"] if of["recipe"] == recipe)["moved"]
        accuracy = next(of for of in moved if of["metric"] == "test.accuracy")
        assert (values[0]["old"], values[-1]["new"]) == (accuracy["old"], accuracy["new"])
    if "coarse" in shares:
        assert [of["group"] for of in shares["coarse"]] == ["params", "code"]
    again = pawtrace(built, "trace", "HEAD~1", "HEAD", "--attribute", "--json")
    assert [stage for stage in stages_run(again.stderr) if "train" in stage] == []
    assert json.loads(again.stdout)["attributions"] == content["attributions"]


def test_flipped_bits_in_a_cached_model_and_in_a_shard_are_found_and_mended(built: Path) -> None:
    shard = next((built / "data/records").glob("train-*.tfrecord"))
    md5 = md5_of((built / "models/coarse/model.keras").read_bytes())
    model = built / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    flip_a_bit_unseen(shard)
    flip_a_bit_unseen(model)
    assert "up to date" in command(built, "dvc", "status").stdout  # DVC does not see it
    done = pawtrace(built, "verify")
    assert done.returncode == 1
    damages = [line for line in done.stdout.splitlines() if "run: " in line]
    assert {line.split(":")[0] for line in damages} == {
        str(path.relative_to(built)) for path in (shard, model)
    }
    for line in damages:
        command(built, "bash", "-c", line.split("run: ")[1])
    assert pawtrace(built, "verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trace", "no-such-branch"), "no-such-branch: expected a git revision"),
        (("trace", "HEAD", "HEAD~99"), "HEAD~99: expected a git revision"),
    ],
)
def test_a_wrong_revision_is_one_line_and_exit_2(built: Path, words: tuple[str, ...], said: str) -> None:
    done = pawtrace(built, *words)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith(f"pawtrace trace: {said}")
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_decision_about_a_photo_is_trained_on_and_named_as_the_cause(built: Path) -> None:
    manifest, model = built / "data/splits/train.csv", built / "models/coarse/model.keras"
    photo, before = next(csv.DictReader(manifest.read_text().splitlines())), model.read_bytes()
    other = {"cat": "dog", "dog": "cat"}[photo["label"]]
    (built / "data/review.csv").write_text(f"file,decision\n{photo['id']},{other}\n")
    ran = stages_run(command(built, "dvc", "repro").stdout)
    assert {"split", "preprocess", "train@coarse", "measure@coarse"} <= set(ran)
    assert "download" not in ran
    labels = {row["id"]: row["label"] for row in csv.DictReader(manifest.read_text().splitlines())}
    assert labels[photo["id"]] == other
    assert model.read_bytes() != before
    found = traced(built)
    assert {recipe["verdict"] for recipe in found.values()} == {"explained"}
    assert ("data", "data/review.csv") in causes_of(found)["coarse"]
