"""Where shards are worked on changes no byte; what a cluster does wrong is one line."""

import contextlib
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client

from pawtrace.base.errors import DataError, PawtraceError
from pawtrace.config.sections import PreprocessParams
from pawtrace.dataset.examples.planned import ShardPlan, write_planned
from pawtrace.dataset.examples.shards import ShardEntry
from pawtrace.dataset.sources import builders
from pawtrace.dataset.sources.archive import Member
from pawtrace.dataset.sources.builders import PetArchive, as_tfds_stores
from pawtrace.dataset.sources.file_map import inspected, map_files
from pawtrace.dataset.sources.intake import Intake, Rejection
from pawtrace.dataset.splitting.near_pairs import near_pairs
from pawtrace.dataset.splitting.pairs_on_cluster import pairs_for_split
from pawtrace.running.cluster import connection
from pawtrace.running.cluster.shard_map import SCHEDULER
from stages import preprocess, split
from tests.conftest import WriteParams
from tests.dataset.photos import data_params, encoded, pet_files, pixels, write_archive
from tests.running.cluster.started import double, results, running
from tests.stages.raw_dataset import examples, serve


def fail_at_three(number: int) -> int:
    if number == 3:
        raise DataError("shard 3 is bad")
    return number


def write_after_a_death(plan: ShardPlan, params: PreprocessParams, marker: Path) -> ShardEntry:
    """The worker that is asked first dies, and leaves half a shard behind."""
    with contextlib.suppress(FileExistsError):
        marker.touch(exist_ok=False)
        (plan.path.parent / ".partial-left").write_bytes(b"half a shard")
        os.kill(os.getpid(), signal.SIGKILL)
    return write_planned(plan, params)


def inspected_after_a_death(member: Member, max_pixels: int, marker: Path) -> Member:
    """The worker that is asked first dies."""
    with contextlib.suppress(FileExistsError):
        marker.touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)
    return inspected(member, max_pixels)


def prepared(archive: Path, folder: Path) -> tuple[dict[str, bytes], list[Rejection]]:
    """The files that `download` makes of an archive, and what it rejects."""
    intake = Intake(announce=print)
    builder = PetArchive(archive=archive, data=data_params(), intake=intake, data_dir=folder)
    builder.download_and_prepare()
    made = {path.name: path.read_bytes() for path in Path(builder.data_dir).iterdir()}
    assert intake.num_examples == {"cat": 101, "dog": 100}
    return made, intake.rejections


@pytest.fixture(scope="module")
def two_workers() -> Iterator[str]:
    with running(2) as (address, _):
        yield address


@pytest.fixture
def on_two_workers(two_workers: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(SCHEDULER, two_workers)
    return two_workers


@pytest.fixture
def dataset(write_params: WriteParams, monkeypatch: pytest.MonkeyPatch) -> None:
    write_params({"preprocess": {"image_size_px": 32, "examples_per_shard": 16}})
    serve(monkeypatch, examples(80))


def digests() -> dict[str, str]:
    """What `split` and `preprocess` make of the data set."""
    split.main()
    preprocess.main()
    files = sorted(path for name in ("splits", "records") for path in Path("data", name).rglob("*.*"))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def test_results_come_in_the_order_of_the_shards() -> None:
    assert results(double) == [2 * number for number in range(20)]


def test_an_error_of_a_shard_comes_out() -> None:
    with pytest.raises(DataError, match="shard 3 is bad"):
        results(fail_at_three)


@pytest.mark.slow
@pytest.mark.usefixtures("on_two_workers")
def test_a_cluster_gives_the_results_in_order_and_the_errors() -> None:
    assert results(double) == [2 * number for number in range(20)]
    with pytest.raises(DataError, match="^shard 3 is bad$"):
        results(fail_at_three)


@pytest.mark.slow
@pytest.mark.usefixtures("dataset")
def test_the_same_bytes_here_on_a_cluster_and_after_a_workers_death(
    two_workers: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here = digests()
    monkeypatch.setenv(SCHEDULER, two_workers)
    connection._announce.cache_clear()
    assert digests() == here
    assert capfd.readouterr().err.count("dashboard: http://127.0.0.1:") == 1
    marker = tmp_path / "died"
    monkeypatch.setattr(preprocess, "write_planned", partial(write_after_a_death, marker=marker))
    assert digests() == here
    assert marker.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_an_archive_is_inspected_to_the_same_bytes_on_a_cluster_and_after_a_workers_death(
    two_workers: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = pet_files(100) | {
        "PetImages/Cat/grey.png": encoded(pixels(1)[..., 0], "PNG"),
        "Cat/bad.jpg": b"no",
    }
    archive = write_archive(tmp_path / "pets.zip", files)
    here = prepared(archive, tmp_path / "here")
    monkeypatch.setenv(SCHEDULER, two_workers)
    assert prepared(archive, tmp_path / "there") == here
    marker = tmp_path / "died"
    monkeypatch.setattr(builders, "inspected", partial(inspected_after_a_death, marker=marker))
    assert prepared(archive, tmp_path / "after") == here
    assert marker.exists()


@pytest.mark.slow
def test_cats_vs_dogs_is_stored_as_the_same_bytes_on_a_cluster(
    two_workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [Member(f"PetImages/Cat/{n}.jpg", encoded(pixels(n)), None) for n in range(70)]
    here = list(map_files(as_tfds_stores, photos))
    monkeypatch.setenv(SCHEDULER, two_workers)
    assert list(map_files(as_tfds_stores, photos)) == here
    assert all(photo.content for photo in here)


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_near_pairs_are_found_by_blocks_on_a_cluster(
    two_workers: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, (500, 4), dtype=np.uint64)
    hashes[400:] = hashes[:100]
    here = np.concatenate([np.stack(block) for block in near_pairs(hashes, hashes, 110)], axis=1)
    assert here.shape[1] > 700
    monkeypatch.setenv(SCHEDULER, two_workers)
    monkeypatch.setattr("pawtrace.dataset.splitting.pairs_on_cluster._ROWS_AT_ONCE", 64)
    connection._announce.cache_clear()
    blocks = [np.stack(block) for block in pairs_for_split(hashes, hashes, 110)]
    assert len(blocks) == 8
    assert "dashboard: http://127.0.0.1:" in capfd.readouterr().err
    there = np.concatenate(blocks, axis=1)
    assert (there[0] == here[0]).all()
    assert sorted(there.T.tolist()) == sorted(here.T.tolist())
    assert not list(Path(".pawtrace").iterdir())


@pytest.mark.long
@pytest.mark.usefixtures("dataset")
def test_the_same_bytes_with_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    here = digests()
    with running(1) as (address, _):
        monkeypatch.setenv(SCHEDULER, address)
        assert digests() == here


@pytest.mark.slow
@pytest.mark.usefixtures("on_two_workers")
def test_a_worker_with_other_versions_is_named_with_what_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = connection.versions_here() | {"numpy": "1.0"}
    monkeypatch.setattr(connection, "versions_here", lambda: ours)
    with pytest.raises(PawtraceError, match=r"expected numpy 1\.0, as here, found \S+ on the worker tcp://"):
        results(double)


@pytest.mark.slow
@pytest.mark.usefixtures("on_two_workers")
def test_a_scheduler_with_other_versions_is_named_with_what_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions = Client.get_versions

    def other(client: Client) -> dict[str, Any]:
        found: dict[str, Any] = versions(client)
        found["scheduler"]["packages"]["msgpack"] = "0.1"
        return found

    monkeypatch.setattr(Client, "get_versions", other)
    with pytest.raises(PawtraceError, match=r"msgpack \S+, as here, found 0\.1 on the scheduler of tcp://"):
        results(double)


@pytest.mark.slow
@pytest.mark.usefixtures("on_two_workers")
def test_code_that_a_worker_does_not_have_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def double(number):\n    return 2 * number\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here  # type: ignore[import-not-found]

    with pytest.raises(PawtraceError, match="a worker lacks code .*only_here") as error:
        results(only_here.double)
    assert "\n" not in str(error.value)


def die_at_three(number: int) -> int:
    """Not at once: Dask starts no worker again that dies while it still starts."""
    if number == 3:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.long
@pytest.mark.usefixtures("on_two_workers")
def test_a_shard_that_kills_every_worker_is_one_line() -> None:
    with pytest.raises(PawtraceError, match="the workers that tried one shard died"):
        results(die_at_three)
