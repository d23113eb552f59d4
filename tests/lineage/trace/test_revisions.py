"""Any name that git or DVC knows; what does not exist is one line."""

from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.lineage.trace.revisions import open_revision
from tests.lineage.traced_project import TracedProject


def test_a_revision_is_read_as_it_was(traced: TracedProject) -> None:
    Path("stages/split.py").write_text("value = 2\n")
    assert open_revision("HEAD").read("stages/split.py") == b"value = 1\n"
    assert open_revision("workspace").read("stages/split.py") == b"value = 2\n"
    assert open_revision("main").commit == traced.git("rev-parse", "HEAD")
    assert open_revision("HEAD").read("stages/none.py") is None


def test_the_same_content_is_the_same_blob(traced: TracedProject) -> None:
    del traced
    old, new = (open_revision(name).blobs("stages", "pawtrace") for name in ("HEAD", "workspace"))
    assert old == new
    assert "stages/split.py" in old


def test_a_dvc_experiment_is_known_by_its_name(traced: TracedProject) -> None:
    commit = traced.git("rev-parse", "HEAD")
    traced.git("update-ref", "refs/exps/ab/cdef/angry-cats", commit)
    assert open_revision("angry-cats").commit == commit


@pytest.mark.parametrize("name", ["no-such", "--help", "HEAD~99", ""])
@pytest.mark.usefixtures("traced")
def test_an_unknown_name_is_one_line(name: str) -> None:
    with pytest.raises(DataError, match="found none of that name; run: git log") as error:
        open_revision(name)
    assert "\n" not in str(error.value)


def test_outside_of_git_or_of_the_project_it_says_so(project: Path) -> None:
    with pytest.raises(DataError, match="expected a project here .dvc.yaml., found none; run the command"):
        open_revision("HEAD")
    (project / "dvc.yaml").touch()
    with pytest.raises(DataError, match="expected a git repository here"):
        open_revision("HEAD")


def test_a_project_in_a_subfolder_of_the_repository_is_read(
    traced: TracedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(traced.folder / "reports")
    Path("dvc.yaml").touch()
    assert open_revision("HEAD").read("metrics/plain.json") is not None
    assert list(open_revision("HEAD").blobs("metrics")) == ["metrics/fast.json", "metrics/plain.json"]
