"""Switching profiles: the default and what a profile changes, comments included; no edit is ever lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from pawtrace.__main__ import main
from pawtrace.base.errors import ParamsError
from pawtrace.config.params import load_params
from pawtrace.setup.profiles import Switch, profile_params, profile_text, switch_to
from tests.conftest import PARAMS, ROOT

MINE = """# My own profile.
# For a test.

train:
  batch_size: 8  # a small GPU
  phases:
    - {trainable: none, num_epochs: 3}

recipes:
  # About mine.
  mine:
    question: Mine?
    overrides:
      train: {seed: 3}  # a lucky one
"""


@pytest.fixture
def repository(project: Path) -> Path:
    """A repository with a commented default, three profiles, and the profile `tiny` active."""
    profiles = project / "profiles"
    profiles.mkdir()
    default = PARAMS.read_text().replace(
        "batch_size: 16\n", "batch_size: 16  # pictures\n  # About smoothing.\n"
    )
    (profiles / "default.yaml").write_text(default)
    (profiles / "tiny.yaml").write_text("# Tiny: all as in the default.\n\nprobe: {num_examples: 64}\n")
    (profiles / "mine.yaml").write_text(MINE)
    (project / "params.yaml").write_text(profile_text("tiny"))
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm start"):
        subprocess.run(["git", *command.split()], check=True)
    return project


def pawtrace(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def is_committed() -> bool:
    return subprocess.run(["git", "diff", "--quiet", "params.yaml"], check=False).returncode == 0


@pytest.mark.usefixtures("repository")
def test_switching_prints_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    assert pawtrace("profile", "mine") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "train.batch_size: 16 -> 8" in lines
    assert not any(line.startswith("split.") for line in lines)
    assert "new recipes: mine" in lines
    assert not any(line.startswith("recipes.") for line in lines)  # of whole recipes, the names suffice
    assert load_params() == profile_params("mine")


@pytest.mark.usefixtures("repository")
def test_params_are_the_defaults_but_for_what_the_profile_says() -> None:
    default, mine = load_params(PARAMS), profile_params("mine")
    assert mine.train.batch_size == 8
    assert [(phase.trainable, phase.num_epochs) for phase in mine.train.phases] == [("none", 3)]
    assert list(mine.recipes) == ["mine"]
    unchanged = mine.train.model_copy(update={"batch_size": 16, "phases": default.train.phases})
    assert (unchanged, mine.split, mine.diagnose) == (default.train, default.split, default.diagnose)


@pytest.mark.usefixtures("repository")
def test_comments_of_default_and_profile_are_kept() -> None:
    text = profile_text("mine")
    assert text.startswith("# My own profile.\n# For a test.\n")
    assert "# Params of the tests" in text
    beside, above, below = text[text.index("  batch_size: 8 ") :].splitlines()[:3]
    assert beside.endswith("# a small GPU")
    assert (above, below) == ("  # About smoothing.", "  label_smoothing: 0.0")
    assert text.endswith(MINE[MINE.index("recipes:") :])


def test_a_profile_that_says_nothing_is_the_default_to_the_letter(repository: Path) -> None:
    assert profile_text("tiny").endswith((repository / "profiles/default.yaml").read_text())


@pytest.mark.usefixtures("repository")
def test_switching_there_and_back_is_no_edit() -> None:
    switch_to("mine")
    assert not is_committed()
    assert switch_to("mine") == Switch(changes=[], notes=[])
    switch_to("tiny")
    assert is_committed()


def test_an_uncommitted_edit_is_saved_beside_and_the_copy_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = repository / "params.yaml"
    edited = params.read_text().replace("batch_size: 16", "batch_size: 4")
    params.write_text(edited)
    assert pawtrace("profile", "mine") == 0
    (copy,) = repository.glob("params.before-*.yaml")
    assert copy.read_text() == edited
    assert f"had uncommitted edits; it is saved as {copy.name}" in capsys.readouterr().out
    assert load_params() == profile_params("mine")
    assert pawtrace("profile", "tiny") == 0  # of a profile as it is, nothing would be lost
    assert list(repository.glob("params.before-*.yaml")) == [copy]


@pytest.mark.parametrize("is_committed_first", [True, False])
def test_edits_of_data_stay_where_the_profile_has_the_same_source(
    repository: Path, capsys: pytest.CaptureFixture[str], is_committed_first: bool
) -> None:
    """Twice: `make repro PROFILE=mine` is typed again and again."""
    params = repository / "params.yaml"
    text = profile_text("mine").replace("{Cat: cat, Dog: dog}", "{kittens: cat, the dogs: dog}")
    params.write_text(text.replace("max_files: 50000", "max_files: 77"))
    if is_committed_first:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "edit"], check=True
        )
    for profile in ("mine", "tiny", "mine"):
        assert pawtrace("profile", profile) == 0
        data = load_params().data
        assert data.classes == {"kittens": "cat", "the dogs": "dog"}
        assert data.limits.max_files == 77
        assert "kept your data.classes: {'kittens': 'cat', 'the dogs': 'dog'}" in capsys.readouterr().out
    assert params.read_text() == text.replace("max_files: 50000", "max_files: 77")
    assert not list(repository.glob("params.before-*.yaml"))


def test_a_profile_with_another_source_of_photos_brings_its_own_data(repository: Path) -> None:
    other = MINE + "data: {source: archive, archive: photos.zip, classes: {kittens: cat, puppies: dog}}\n"
    (repository / "profiles/other.yaml").write_text(other)
    assert not switch_to("other").notes
    assert load_params().data.archive == "photos.zip"
    switch_to("tiny")
    assert load_params().data == profile_params("tiny").data


def test_a_committed_edit_is_in_git_and_may_be_replaced(repository: Path) -> None:
    params = repository / "params.yaml"
    params.write_text(PARAMS.read_text().replace("batch_size: 16", "batch_size: 4"))
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "edit"], check=True)
    assert "train.batch_size: 4 -> 8" in switch_to("mine").changes


@pytest.mark.usefixtures("repository")
def test_an_unknown_profile_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert pawtrace("profile", "dogs") == 2
    message = capsys.readouterr().err
    assert "dogs: no such profile" in message
    assert "mine, tiny" in message
    assert "default" not in message
    assert is_committed()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("train: {batch_sise: 3}\n", "train.batch_sise: unknown key; did you mean batch_size?"),
        ("train: [\n", "expected YAML"),
        ("train: {seed: " + "[" * 10_000 + "\n", "expected YAML"),
        ("split: {seed: 2026-13-45}\n", "expected YAML"),
        ("- train\n", "expected a mapping, found ['train']"),
    ],
)
def test_a_wrong_profile_is_refused_by_its_name_and_params_stay(
    repository: Path, content: str, said: str
) -> None:
    (repository / "profiles/mine.yaml").write_text(content)
    with pytest.raises(ParamsError) as error:
        switch_to("mine")
    assert str(error.value).startswith("profiles/mine.yaml: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert is_committed()


def test_without_a_name_the_profiles_are_listed_with_the_active_one(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pawtrace("profile") == 0
    mine, tiny = capsys.readouterr().out.splitlines()
    assert mine.split() == ["mine", "My", "own", "profile."]
    assert tiny.split()[:3] == ["*", "tiny", "Tiny:"]
    params = repository / "params.yaml"
    params.write_text(params.read_text().replace("batch_size: 16", "batch_size: 4"))
    assert pawtrace("profile") == 0
    _, tiny = capsys.readouterr().out.splitlines()
    assert tiny.startswith("* tiny")
    assert "differs in 1 of its values" in tiny


def test_the_command_line_starts_without_any_heavy_library() -> None:
    heavy = "{'tensorflow', 'keras', 'albumentations', 'cv2', 'prefect', 'dvc'}"
    code = (
        "import sys; from pawtrace.__main__ import parser; parser(); "
        f"sys.exit(str({heavy} & set(sys.modules) or ''))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stderr.strip() == ""
