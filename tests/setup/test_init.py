"""`pawtrace init`: from photos to params.yaml, with what is wrong with them, and nothing lost."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.config.params import Params, load_params
from pawtrace.setup.profiles import profile_text, switch_to
from tests.conftest import ROOT, picture
from tests.learning.tiny import tiny_backbone
from tests.stages.raw_dataset import jpeg

BACKBONE = Path("data/weights/tiny.keras")


@pytest.fixture(autouse=True)
def _clone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh clone with a backbone; how fast that is, is measured by no test but one."""
    shutil.copytree(ROOT / "profiles", project / "profiles")
    Path("params.yaml").write_text(profile_text("sample"))
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm start"):
        subprocess.run(["git", *command.split()], check=True)
    BACKBONE.parent.mkdir(parents=True)
    tiny_backbone(BACKBONE)
    monkeypatch.setattr("pawtrace.setup.backbone_speed._NUM_IMAGES", 1)


def photos(**counts: int) -> Path:
    """A folder of photos that all differ; the keys are folders, `__` for a slash."""
    for place, (folder, count) in enumerate(counts.items()):
        for number in range(count):
            path = Path("photos", folder.replace("__", "/"), f"{number}.jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(picture(1000 * place + number)))
    return Path("photos")


def init(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["init", "photos", *words])
    return ended.value.code


def written(*words: str) -> Params:
    assert init(*words) == 0
    return load_params()


def test_folders_are_found_by_their_names_and_frozen_features_are_chosen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    photos(pets__my_Kittens=30, pets__Dogs=30)
    params = written()
    assert params.data.source == "archive"
    assert params.data.archive == "photos"
    assert params.data.classes == {"my_Kittens": "cat", "Dogs": "dog"}
    assert (params.train.backbone, params.train.image_size_px) == (str(BACKBONE), 224)
    assert list(params.recipes) == ["frozen", "frozen_views"]
    said = capsys.readouterr().out
    assert "60 usable: 30 cat, 30 dog" in said
    assert "an accuracy of 95.0 % will have a 95 % interval of" in said
    assert "too few     about 36 training photos" in said
    assert "minute" in said
    assert "next: make repro" in said


def test_what_is_wrong_with_the_photos_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(cats=30, dogs=8)
    shutil.copy(folder / "cats/0.jpg", folder / "cats/copy.jpg")
    shutil.copy(folder / "cats/1.jpg", folder / "dogs/of_cat.jpg")
    (folder / "dogs/page.jpg").write_bytes(b"<html>not found</html>")
    params = written()
    said = capsys.readouterr().out
    assert "38 usable: 30 cat, 8 dog" in said
    assert "rejected    1 file: 1 HTML page" in said
    assert "duplicates  2 duplicates" in said
    assert "two labels  2 photos appear as cat and as dog" in said
    assert "imbalance   78.9 % of the photos are cat" in said
    assert params.train.class_weights == "balanced"


def test_folders_that_are_named_count_and_names_of_files_where_there_are_none() -> None:
    photos(A=20, B=10, C=20)
    classes = {"A": "cat", "B": "cat", "C": "dog"}
    assert written("--cat", "A", "B", "--dog", "C").data.classes == classes
    assert written("--cat", "photos/A", "photos/B/", "--dog", "photos/C").data.classes == classes
    shutil.rmtree("photos")
    for label in ("cat", "dog"):
        for number in range(20):
            path = Path(f"photos/train/{label}.{number}.jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(picture(number + 100 * (label == "dog"))))
    pattern = written().data.label_pattern
    assert pattern is not None
    assert set(pattern.model_dump()) == {"cat", "dog"}


def test_a_folder_whose_name_says_the_other_label_is_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    photos(cats=6, dogs=6)
    assert written("--cat", "cats", "--dog", "dogs").data.classes == {"cats": "cat", "dogs": "dog"}
    assert "warning" not in capsys.readouterr().out
    assert written("--cat", "dogs", "--dog", "cats").data.classes == {"dogs": "cat", "cats": "dog"}
    said = capsys.readouterr().out
    assert "the name of folder dogs says dog, and --cat makes it cat" in said
    assert "the name of folder cats says cat, and --dog makes it dog" in said


def test_a_test_set_that_came_with_the_photos_stays_one() -> None:
    photos(training_set__cats=20, training_set__dogs=20, test_set__cats=9, test_set__dogs=9)
    assert written().data.given_splits == {"test_set": "test"}


@pytest.mark.parametrize(
    ("folders", "words", "said"),
    [
        (
            {"A": 3, "B": 3},
            (),
            "found the folders A, B; run: pawtrace init photos --cat 'FOLDER' --dog 'FOLDER'",
        ),
        ({"cats": 3}, (), "found no folder of dogs, but the folders cats; add photos of dogs, or run:"),
        ({"cats": 3, "dogs": 3}, ("--cat", "katzen", "--dog", "dogs"), "expected a folder 'katzen', found"),
        ({"cats": 3, "dogs": 3}, ("--cat", "cats"), "a folder for each of --cat and --dog"),
        (
            {"cats": 3, "dogs": 3},
            ("--backbone", "missing.keras"),
            "missing.keras: expected a .keras",
        ),
    ],
)
def test_what_cannot_be_found_is_said_in_one_line_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], folders: dict[str, int], words: tuple[str, ...], said: str
) -> None:
    photos(**folders)
    before = Path("params.yaml").read_text()
    assert init(*words) == 2
    assert said in capsys.readouterr().err
    assert Path("params.yaml").read_text() == before


def test_a_url_is_answered_with_the_command_that_fetches_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["init", "s3://pets/photos.zip"])
    said = (
        "run: dvc import-url s3://pets/photos.zip data/archives/photos.zip, and use data/archives/photos.zip"
    )
    assert said in capsys.readouterr().err


def test_photos_in_no_folder_are_to_be_sorted_into_two(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        path = Path("photos") / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(jpeg(picture(number)))
    assert init() == 2
    said = capsys.readouterr().err
    assert "found no folders, but 3 files; put them into a folder cat and a folder dog, then run:" in said


def test_edits_that_git_does_not_have_are_saved_and_the_copy_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    edited = Path("params.yaml").read_text() + "# a thought\n"
    Path("params.yaml").write_text(edited)
    photos(cats=20, dogs=20)
    assert init() == 0
    (copy,) = Path().glob("params.before-*.yaml")
    assert copy.read_text() == edited
    assert f"is saved as {copy}" in capsys.readouterr().out
    assert init() == 0  # the same again: nothing to save
    assert list(Path().glob("params.before-*.yaml")) == [copy]


def test_the_classes_survive_a_switch_to_the_profile_for_ones_own_photos() -> None:
    photos(kittens=20, puppies=20)
    data = written().data
    switch_to("own_photos")
    assert load_params().data == data


def test_a_backbone_from_elsewhere_is_copied_and_several_must_be_chosen_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    photos(cats=20, dogs=20)
    other = tiny_backbone(Path("other.keras"), size_px=48)
    params = written("--backbone", str(other))
    assert (params.train.backbone, params.train.image_size_px) == ("data/weights/other.keras", 48)
    assert init() == 2
    assert "expected one backbone, found data/weights/other.keras, data/weights/tiny.keras" in (
        capsys.readouterr().err
    )
    assert written("--backbone", "tiny").train.backbone == str(BACKBONE)


def test_random_weights_are_used_only_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    photos(cats=20, dogs=20)
    BACKBONE.unlink()
    assert init("--backbone", "none") == 0
    params = load_params()
    assert params.data.source == "archive"
    assert list(params.recipes) == ["from_scratch", "from_scratch_normalized"]
    assert "too few for a good model" in capsys.readouterr().out


def test_without_any_backbone_and_without_a_network_one_line_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(cats=20, dogs=20)
    BACKBONE.unlink()
    monkeypatch.setenv("KERAS_HOME", "nowhere")
    monkeypatch.setattr("pawtrace.setup.published_weights.unreachable", lambda _: "no network")
    assert init() == 2
    assert "pawtrace backbone mobilenet_v2 --from " in capsys.readouterr().err
