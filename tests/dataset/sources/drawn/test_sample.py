"""The drawn archive: deterministic, balanced, and with every fault that real archives have."""

import collections
import io
import zipfile
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image, ImageOps

from pawtrace.dataset.sources.drawn.picture import draw_picture
from pawtrace.dataset.sources.drawn.sample import (
    COPIES,
    FAULTS,
    Kind,
    PlannedFile,
    plan_sample,
    write_sample_archive,
)

SIZE, SEED = 100, 3
UNREADABLE = FAULTS[0]
NEAR_DUPLICATES = (Kind.REENCODED, Kind.RESCALED, Kind.CROPPED)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a sample of 100, by name, in the archive's order."""
    path = tmp_path_factory.mktemp("sample") / "sample.zip"
    write_sample_archive(path, SIZE, SEED)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def plan() -> dict[Kind, list[PlannedFile]]:
    """The planned files of the same sample, by kind."""
    by_kind = collections.defaultdict(list)
    for file in plan_sample(SIZE, SEED):
        by_kind[file.kind].append(file)
    return by_kind


def _decoded(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=["JPEG"])
    image.load()
    return image


def _thumbnail(content: bytes) -> np.ndarray:
    return np.asarray(_decoded(content).convert("L").resize((16, 16), Image.Resampling.BOX), float)


def _drawn(file: PlannedFile) -> Image.Image:
    label, number = file.picture
    return Image.fromarray(draw_picture(label, np.random.default_rng([SEED, label, number])))


def _original(file: PlannedFile) -> str:
    return f"PetImages/{('Cat', 'Dog')[file.picture.label]}/{file.picture.number}.jpg"


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sample_archive(tmp_path / name, 20, seed)
    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second
    assert first != other


def test_each_class_is_numbered_from_zero_and_gets_half(written: dict[str, bytes]) -> None:
    assert list(written) == [f"PetImages/{folder}/{n}.jpg" for folder in ("Cat", "Dog") for n in range(50)]


def test_a_failed_drawing_leaves_the_old_archive_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sample.zip"
    path.write_bytes(b"old")
    monkeypatch.setattr("pawtrace.dataset.sources.drawn.sample.draw_picture", Mock(side_effect=MemoryError))
    with pytest.raises(MemoryError):
        write_sample_archive(path, 20, SEED)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [20, 21, 99, 100, 1000, 1403])
def test_one_percent_of_each_group_of_faults_is_planned_balanced(size: int) -> None:
    files = plan_sample(size, SEED)
    assert len(files) == size
    for kinds in FAULTS:
        labels = ["Cat" in file.name for file in files if file.kind in kinds]
        expected = max(len(kinds) if size >= 100 else 1, round(0.01 * size))
        assert len(labels) == expected
        assert abs(2 * sum(labels) - expected) <= 1


def test_from_a_hundred_files_on_every_kind_occurs() -> None:
    assert {file.kind for file in plan_sample(100, SEED)} == set(Kind)


@pytest.mark.parametrize("size", [20, 100, 1000])
def test_what_is_copied_is_plain_and_copied_once(size: int) -> None:
    files = plan_sample(size, SEED)
    kinds = {file.name: file.kind for file in files}
    originals = [_original(file) for file in files if file.kind in COPIES]
    assert all(kinds[name] is Kind.PLAIN for name in originals)
    assert len(set(originals)) == len(originals)


def test_unreadable_files_do_not_decode_as_jpeg(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    for kind in UNREADABLE:
        for file in plan[kind]:
            with pytest.raises(OSError, match=r"truncated|cannot identify"):
                _decoded(written[file.name])


def test_unreadable_files_are_what_their_kind_says(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    assert written[plan[Kind.TRUNCATED][0].name].startswith(b"\xff\xd8\xff")
    assert written[plan[Kind.EMPTY][0].name] == b""
    assert b"<html>" in written[plan[Kind.HTML][0].name]
    assert b"git-lfs" in written[plan[Kind.LFS_POINTER][0].name]


def test_every_other_file_decodes(written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]) -> None:
    unreadable = {file.name for kind in UNREADABLE for file in plan[kind]}
    for name in written.keys() - unreadable:
        assert _decoded(written[name]).format == "JPEG"


def test_odd_files_have_their_colour_space(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    assert {_decoded(written[file.name]).mode for file in plan[Kind.GREYSCALE]} == {"L"}
    assert {_decoded(written[file.name]).mode for file in plan[Kind.CMYK]} == {"CMYK"}


def test_a_rotated_file_is_upright_only_once_exif_is_applied(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    for file in plan[Kind.EXIF_ROTATED]:
        image = _decoded(written[file.name])
        upright = np.asarray(_drawn(file))
        assert image.getexif()[0x0112] in {3, 6, 8}
        turned_back = np.asarray(ImageOps.exif_transpose(image))
        assert turned_back.shape == upright.shape
        assert np.abs(turned_back.astype(int) - upright).mean() < 12
        assert not np.array_equal(np.asarray(image), turned_back)


def test_exact_duplicates_are_the_same_bytes_in_the_same_class(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    for file in plan[Kind.EXACT_DUPLICATE]:
        assert written[file.name] == written[_original(file)]
        assert Path(file.name).parent == Path(_original(file)).parent


def test_the_same_picture_lies_under_both_labels(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    for file in plan[Kind.OTHER_LABEL]:
        assert written[file.name] == written[_original(file)]
        assert Path(file.name).parent != Path(_original(file)).parent


def test_near_duplicates_look_like_their_original_but_are_other_pixels(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    for kind in NEAR_DUPLICATES:
        for file in plan[kind]:
            near, original = written[file.name], written[_original(file)]
            assert Path(file.name).parent == Path(_original(file)).parent
            assert near != original
            assert np.abs(_thumbnail(near) - _thumbnail(original)).mean() < 8


def test_near_duplicates_have_the_size_their_kind_says(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    def shares(kind: Kind) -> np.ndarray:
        sizes = [(_decoded(written[f.name]).size, _decoded(written[_original(f)]).size) for f in plan[kind]]
        return np.array([np.divide(near, original) for near, original in sizes])

    assert (shares(Kind.REENCODED) == 1).all()
    assert ((shares(Kind.RESCALED) > 0.68) & (shares(Kind.RESCALED) < 0.92)).all()
    assert ((shares(Kind.CROPPED) > 0.94) & (shares(Kind.CROPPED) < 1)).all()


def test_plain_files_do_not_look_like_each_other(
    written: dict[str, bytes], plan: dict[Kind, list[PlannedFile]]
) -> None:
    thumbnails = [_thumbnail(written[file.name]) for file in plan[Kind.PLAIN][:30]]
    differences = [np.abs(a - b).mean() for n, a in enumerate(thumbnails) for b in thumbnails[:n]]
    assert min(differences) > 8
