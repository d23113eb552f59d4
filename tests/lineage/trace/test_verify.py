"""What is damaged is found wherever it lies, with a command that mends it."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pawtrace.base.errors import DataError
from pawtrace.lineage.trace import dvc_cache
from pawtrace.lineage.trace.dvc_cache import cache_folder, md5_of, object_path
from pawtrace.lineage.trace.dvc_lock import read_lock
from pawtrace.lineage.trace.revisions import open_revision
from pawtrace.lineage.trace.verify import Damage, verify
from tests.lineage.traced_project import TracedProject

PREDICTIONS = Path("models/plain/predictions.csv")


def damages() -> list[Damage]:
    return verify(lambda _: None)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cached_copy() -> Path:
    return object_path(md5_of(PREDICTIONS.read_bytes()))


@pytest.mark.usefixtures("traced")
def test_an_intact_project_has_no_damage() -> None:
    assert damages() == []


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("break_", [flip_a_bit, lambda path: path.write_bytes(path.read_bytes()[:-1])])
def test_a_damaged_output_comes_back_from_the_cache(break_: Callable[[Path], object]) -> None:
    break_(PREDICTIONS)
    (found,) = damages()
    assert found.path == str(PREDICTIONS)
    assert "expected md5" in found.found
    assert found.repair == f"rm -f {PREDICTIONS} && dvc checkout models/plain"


@pytest.mark.usefixtures("traced")
def test_a_damaged_cached_copy_is_made_again_from_the_intact_output() -> None:
    copy = cached_copy()
    flip_a_bit(copy)
    (found,) = damages()
    assert found.path == str(copy)
    assert found.found.startswith("damaged")
    assert found.repair == f"rm -f {copy} && dvc commit train@plain"


@pytest.mark.usefixtures("traced")
def test_a_missing_cached_copy_is_told() -> None:
    cached_copy().unlink()
    (found,) = damages()
    assert found.found.startswith("missing")


@pytest.mark.usefixtures("traced")
def test_a_lost_cache_is_one_line_if_the_outputs_are_intact() -> None:
    shutil.rmtree(cache_folder() / "files")
    (found,) = damages()
    assert (found.path, found.repair) == (str(cache_folder()), "dvc commit")
    flip_a_bit(PREDICTIONS)
    assert len(damages()) > 1


@pytest.mark.usefixtures("traced")
def test_where_both_are_damaged_the_stage_has_to_run() -> None:
    copy = cached_copy()
    flip_a_bit(copy)
    flip_a_bit(PREDICTIONS)
    (found,) = damages()
    assert found.repair == f"rm -f {PREDICTIONS} {copy} && dvc repro train@plain"


@pytest.mark.usefixtures("traced")
def test_a_missing_output_is_one_line_an_output() -> None:
    for name in ("train", "test"):
        Path(f"data/splits/{name}.csv").unlink()
    (found,) = damages()
    assert found.path == "data/splits"
    assert found.found.startswith("missing: ")
    assert found.repair == "dvc checkout data/splits"


@pytest.mark.usefixtures("traced")
def test_a_fresh_clone_without_a_cache_lacks_every_output() -> None:
    for folder in ("data", "models"):
        for file in Path(folder).rglob("*.*"):
            file.unlink()
    for file in cache_folder().rglob("*"):
        if file.is_file():
            file.unlink()
    lost = {damage.path for damage in damages()}
    assert {"data/splits", "models/plain", "models/fast"} <= lost
    assert "dvc repro split" in {damage.repair for damage in damages()}
    Path(".dvc/config").write_text("[core]\n    remote = r\n['remote \"r\"']\n    url = /r\n")
    dvc_cache._config.cache_clear()
    assert "dvc pull data/splits || dvc repro split" in {damage.repair for damage in damages()}


@pytest.mark.usefixtures("traced")
def test_a_file_that_no_stage_wrote_is_told() -> None:
    Path("data/records/train-9.tfrecord").write_bytes(b"stray")
    (found,) = damages()
    assert found.found == "not a file of data/records according to dvc.lock"


@pytest.mark.usefixtures("traced")
def test_a_damaged_list_of_files_is_not_believed() -> None:
    listing = object_path(read_lock(open_revision("workspace"))["split"].outputs["data/splits"])
    listing.write_bytes(listing.read_bytes().replace(b"test.csv", b"tesu.csv"))
    (found,) = damages()
    assert found.path == str(listing)
    assert found.repair == f"rm -f {listing} && dvc commit split"


def test_a_damaged_object_of_another_commit_is_told(traced: TracedProject) -> None:
    copy = cached_copy()
    traced.num_right["plain"] = 60
    traced.run()
    flip_a_bit(copy)
    (found,) = damages()
    assert (found.path, found.repair) == (str(copy), f"rm -f {copy}")


@pytest.mark.usefixtures("traced")
def test_metrics_edited_by_hand_are_told() -> None:
    path = Path("reports/metrics/plain.json")
    path.write_text(path.read_text().replace("0.8", "0.9"))
    assert [damage.path for damage in damages()] == [str(path)]


@pytest.mark.parametrize("name", ["train-00000-of-00001.tfrecord", "train-00000-of-00001.index.npy"])
def test_shards_and_indices_are_held_against_the_manifest_too(traced: TracedProject, name: str) -> None:
    shard, index = "train-00000-of-00001.tfrecord", "train-00000-of-00001.index.npy"
    content = {shard: b"a shard", index: b"an index"}
    sha256 = {name: hashlib.sha256(content[name]).hexdigest() for name in content}
    manifest = {"shards": [{"name": shard, "sha256": sha256[shard]}], "indices": {index: sha256[index]}}
    traced.records = {**content, "manifest.json": json.dumps(manifest).encode()}
    traced.run()
    assert damages() == []
    traced.records[name] = b"another"  # DVC would take it for what the stage wrote
    traced.run()
    (found,) = damages()
    assert (found.path, found.found) == (f"data/records/{name}", "not the file that the manifest lists")


def test_a_lost_copy_of_what_the_cache_keeps_of_the_reports_is_told(traced: TracedProject) -> None:
    Path("reports/.gitignore").write_text("/page\n")
    traced.page = b"<html>"
    traced.run()
    assert damages() == []
    object_path(md5_of(b"<html>")).unlink()
    (found,) = damages()
    assert found.found.startswith("missing: DVC's copy of reports/page")


def test_a_file_that_cannot_be_read_is_told_with_the_rest(
    traced: TracedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    del traced
    opened = Path.open

    def refuse(path: Path, *words: object, **more: object) -> object:
        if path == PREDICTIONS and words == ("rb",):
            raise PermissionError(13, "Permission denied")
        return opened(path, *words, **more)  # type: ignore[arg-type,call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    (found,) = damages()
    assert found.found.startswith("cannot be read")


@pytest.mark.usefixtures("traced")
def test_nothing_is_repaired() -> None:
    flip_a_bit(PREDICTIONS)
    broken = PREDICTIONS.read_bytes()
    damages()
    assert PREDICTIONS.read_bytes() == broken


def test_a_recipe_that_params_no_longer_has_is_left_out_and_that_is_said(traced: TracedProject) -> None:
    lock = Path("dvc.lock").read_text()
    del traced.params["recipes"]["fast"]
    traced.run()
    Path("dvc.lock").write_text(lock)  # DVC keeps the stages of removed recipes
    for path in ("models/fast/predictions.csv", "reports/metrics/fast.json"):
        Path(path).unlink()
    said: list[str] = []
    assert verify(said.append) == []
    assert "train@fast" in said[0]


@pytest.mark.usefixtures("traced")
def test_what_the_lock_says_nothing_of_is_told() -> None:
    content = yaml.safe_load(Path("dvc.lock").read_text())
    del content["stages"]["train@plain"]
    Path("dvc.lock").write_text(yaml.safe_dump(content))
    (found,) = damages()
    assert (found.path, found.repair) == ("models/plain", "dvc repro train@plain")


@pytest.mark.parametrize("variable", ["DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"])
def test_the_cache_is_where_dvcs_config_of_user_or_system_says(
    traced: TracedProject, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    elsewhere = traced.folder / "elsewhere"
    (traced.folder / "config").mkdir()
    (traced.folder / "config/config").write_text(f"[cache]\n    dir = {elsewhere}\n")
    monkeypatch.setenv(variable, str(traced.folder / "config"))
    cache_folder().rename(elsewhere)
    dvc_cache._config.cache_clear()
    assert cache_folder() == Path("elsewhere")
    assert damages() == []


@pytest.mark.usefixtures("traced")
def test_an_unreadable_lock_is_one_line() -> None:
    Path("dvc.lock").write_text("<<<<<<< HEAD\n")
    with pytest.raises(DataError, match="a merge conflict in line 1"):
        damages()


@pytest.mark.usefixtures("traced")
def test_a_fresh_clone_is_one_line() -> None:
    shutil.rmtree(cache_folder())
    assert damages()[0].repair == "dvc commit"  # the outputs are here, and would be lost with this folder
    for path in ("data", "models"):
        shutil.rmtree(path)
    (found,) = damages()
    assert found.path == "dvc.lock"
    assert "as after git clone" in found.found
    assert found.repair == "dvc repro"
