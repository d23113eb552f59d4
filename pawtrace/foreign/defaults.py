"""The parameters that are used without a project: the default profile, packaged beside this file."""

import functools
from pathlib import Path
from typing import Any

from pawtrace.base.yaml_files import parse_yaml, yaml_bytes
from pawtrace.config.params import Params, merged
from pawtrace.config.sections import DiagnoseParams, Limits, ProbeParams
from pawtrace.config.train_params import TrainParams

_FILE = Path(__file__).with_name("default_params.yaml")  # a link to profiles/default.yaml


@functools.cache
def _sections() -> dict[str, Any]:
    sections: dict[str, Any] = parse_yaml(yaml_bytes(_FILE))
    return sections


def default_params() -> Params:
    """All of them, for a folder without a params.yaml; its only recipe is the baseline."""
    return Params.model_validate(
        {**_sections(), "recipes": {"baseline": {"question": "What is reached?", "overrides": {}}}}
    )


def thresholds() -> DiagnoseParams:
    """The limits used to choose a verdict."""
    return DiagnoseParams.model_validate(_sections()["diagnose"])


def probe_params() -> ProbeParams:
    """The section `probe`: how much is measured, and when two pictures look alike."""
    return ProbeParams.model_validate(_sections()["probe"])


def archive_limits() -> Limits:
    """What an archive of photos may hold at most."""
    return Limits.model_validate(_sections()["data"]["limits"])


def train_params(overrides: dict[str, Any]) -> TrainParams:
    """The default baseline with what is known of a model laid over it."""
    return TrainParams.model_validate(merged(_sections()["train"], overrides))
