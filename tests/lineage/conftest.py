"""The project that traces are tested on."""

from pathlib import Path

import pytest

from tests.lineage.traced_project import TracedProject


@pytest.fixture
def traced(project: Path) -> TracedProject:
    """A project with one commit, which is the workspace."""
    return TracedProject(project)
