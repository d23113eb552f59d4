"""`pawtrace croissant`: metadata that name every file with its sha256."""

import json
from pathlib import Path
from typing import Any

import pytest

from pawtrace.__main__ import main
from pawtrace.base.files import sha256_of, write_json
from pawtrace.config.sections import SPLITS
from tests.conftest import write_records


def run() -> object:
    with pytest.raises(SystemExit) as ended:
        main(["croissant"])
    return ended.value.code


@pytest.fixture
def described(project: Path) -> dict[str, Any]:
    """The metadata of a project with records of 20, 4 and 6 examples."""
    write_records(Path("data/records"), {"train": 20, "validation": 4, "test": 6})
    source = {
        "source": "archive",
        "archive": "pets.zip",
        "archive_sha256": "0",
        "num_examples": {},
        "num_rejected": 0,
    }
    write_json(Path("data/raw/source.json"), source)
    Path("data/splits").mkdir()
    for split in SPLITS:
        Path(f"data/splits/{split}.csv").write_text(
            f"id,label,group\n{split}/0.jpg,cat,a\n{split}/1.jpg,dog,b\n"
        )
    assert run() == 0
    content: dict[str, Any] = json.loads((project / "data/croissant.json").read_text())
    return content


def test_every_shard_and_list_is_there_with_its_size_and_digest(described: dict[str, Any]) -> None:
    files = {entry["contentUrl"]: entry for entry in described["distribution"]}
    shards = {f"records/{path.name}" for path in Path("data/records").glob("*.tfrecord")}
    assert len(shards) == 5
    assert set(files) == shards | {f"splits/{split}.csv" for split in SPLITS}
    for name, entry in files.items():
        path = Path("data", name)
        assert (entry["sha256"], entry["contentSize"]) == (sha256_of(path), f"{path.stat().st_size} B")


def test_the_description_says_what_the_records_are(described: dict[str, Any]) -> None:
    assert "pets.zip" in described["description"]
    assert "20 train, 4 validation, 6 test examples" in described["description"]


@pytest.mark.usefixtures("described")
def test_a_missing_list_names_the_stage_that_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("data/splits/test.csv").unlink()
    assert run() == 2
    assert capsys.readouterr().err.endswith("data/splits/test.csv is missing; run: dvc repro split\n")
