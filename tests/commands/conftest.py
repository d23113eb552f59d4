"""Where nothing can be downloaded, and weights that count as published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pawtrace.commands import check
from pawtrace.config.imagenet import PUBLISHED
from pawtrace.config.params import Params
from pawtrace.running.git import git
from tests.conftest import WriteParams
from tests.published_weights import count_as_published


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, project: Path) -> dict[str, str | None]:
    """Answers for URLs, and none for others; Keras's cache is empty; the project is a git repository."""
    git("init", "--quiet")
    answers: dict[str, str | None] = {}

    def unreachable(url: str) -> str | None:
        return answers[url]

    monkeypatch.setattr(check, "unreachable", unreachable)
    monkeypatch.setenv("KERAS_HOME", str(project / "keras"))
    return answers


PutWeights = Callable[[str, str], Path]


@pytest.fixture
def put_weights(monkeypatch: pytest.MonkeyPatch) -> PutWeights:
    """Put a file into a folder that counts as the published weights of a backbone."""

    def put(folder: str, backbone: str) -> Path:
        path = Path(folder) / PUBLISHED[backbone].file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(backbone)
        count_as_published(path, backbone, monkeypatch)
        return path

    return put


def line(error: pytest.ExceptionInfo[Exception]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


PRETRAINED = {"train": {"weights": "imagenet"}}


LADDER: dict[str, Any] = {
    "finetuned": {"question": "?", "overrides": PRETRAINED},
    "mobile": {"question": "?", "overrides": {"train": {"weights": "imagenet", "backbone": "mobilenet_v2"}}},
    "unfrozen": {"question": "?", "builds_on": "finetuned", "overrides": {"train": {"batch_size": 8}}},
}


@pytest.fixture
def ladder(write_params: WriteParams) -> Params:
    return write_params({"recipes": LADDER})
