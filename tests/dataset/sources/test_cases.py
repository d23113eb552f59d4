"""Archives as people brought them, where PAWTRACE_CASES names the folder of cases."""

import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pawtrace.config.params import load_params
from pawtrace.config.sections import DataParams
from tests.conftest import PARAMS
from tests.dataset.sources.archives.reading import Outcome, read_all

pytestmark = [
    pytest.mark.long,
    pytest.mark.usefixtures("project"),
    pytest.mark.skipif("PAWTRACE_CASES" not in os.environ, reason="PAWTRACE_CASES names no folder of cases"),
]
CAT_OR_DOG = {"cat": r"(^|/)cat\.", "dog": r"(^|/)dog\."}


def case(name: str) -> Path:
    return Path(os.environ["PAWTRACE_CASES"]) / name


def read(name: str, **changes: Any) -> Outcome:
    data = load_params(PARAMS).data.model_dump()
    return read_all(case(name), DataParams.model_validate(data | changes))


def test_formats_are_read_by_content_and_the_others_called_by_their_name() -> None:
    outcome = read("formats/photos.zip")
    said = {
        "m_ico.ico": "icon",
        "m_jp2.jp2": "JPEG 2000",
        "n_html_as.jpg": "HTML page",
        "n_svg.svg": "SVG drawing",
        "n_lfs.jpg": "Git LFS pointer",
        "o_raw.CR2": "camera raw",
        "o_raw.dng": "camera raw",
        "p_truncated.jpg": "truncated",
    }
    assert {name: reason.split(":")[0] for name, reason in outcome.rejected.items()} == {
        f"Cat/{name}": reason for name, reason in said.items()
    }
    assert len(outcome.kept) == 107 - len(said)


@pytest.mark.parametrize(
    ("name", "changes", "counts"),
    [
        ("heic_only/phone.zip", {}, (12, 12)),
        ("kaggle_flat/train.zip", {"label_pattern": CAT_OR_DOG}, (40, 40)),
        ("kaggle_nested_zip/dogs-vs-cats.zip", {"label_pattern": CAT_OR_DOG}, (80, 80)),
        ("nested_zip_classes/download.zip", {}, (20, 20)),
        ("presplit/archive.zip", {"classes": {"cats": "cat", "dogs": "dog"}}, (60, 60)),
        ("nfd/fotos.zip", {"classes": {"Kätzchen": "cat", "Hunde": "dog"}}, (30, 30)),
    ],
)
def test_layouts_are_read(name: str, changes: dict[str, Any], counts: tuple[int, int]) -> None:
    outcome = read(name, **changes)
    labels = list(outcome.kept.values())
    assert outcome.refusal is None
    assert (labels.count("cat"), labels.count("dog")) == counts


@pytest.mark.parametrize("name", ["kaggle_flat/train.zip", "kaggle_nested_zip/dogs-vs-cats.zip"])
def test_kaggles_layout_is_answered_with_its_pattern(name: str) -> None:
    assert "data.label_pattern: {cat: " in str(read(name).refusal)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rar/pets.rar", "RAR archive.*unpack"),
        ("sevenzip/pets.7z", "7z archive.*unpack"),
        ("html_zip/pets.zip", "HTML page.*download"),
    ],
)
def test_what_is_no_archive_is_called_by_its_name(name: str, said: str) -> None:
    assert re.search(said, str(read(name).refusal))


def test_class_folders_that_are_links_to_another_disk_are_followed(tmp_path: Path) -> None:
    with zipfile.ZipFile(case("clean500/pets.zip")) as archive:
        archive.extractall(tmp_path / "disk")
    folders = sorted(path for path in (tmp_path / "disk").rglob("*") if path.name in ("Cat", "Dog"))
    (tmp_path / "photos").mkdir()
    for folder in folders:
        (tmp_path / "photos" / folder.name).symlink_to(folder)
    data = DataParams.model_validate(load_params(PARAMS).data.model_dump() | {"follow_links": True})
    assert len(read_all(tmp_path / "photos", data).kept) > 100
