"""A finished project, as the stage finds it."""

import shutil
from pathlib import Path

import pytest

from tests.results.finished_project import finish_project


@pytest.fixture(scope="package")
def finished(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("finished")
    finish_project(root)
    return root


@pytest.fixture
def project(finished, tmp_path, monkeypatch) -> Path:
    root = tmp_path / "project"
    shutil.copytree(finished, root)
    monkeypatch.chdir(root)
    return root
