"""Models made from real photos and real weights, where those are at hand: good ones and spoiled ones."""

import os
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        "PAWTRACE_PETS_ARCHIVE" not in os.environ, reason="PAWTRACE_PETS_ARCHIVE names no archive"
    ),
    pytest.mark.skipif("PAWTRACE_BACKBONE" not in os.environ, reason="PAWTRACE_BACKBONE names no backbone"),
    pytest.mark.filterwarnings("ignore:(.|\n)*softmax over axis"),
]


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> object:
    from benchmarks.foreign_workshop import Workshop

    weights = Path(os.environ["PAWTRACE_BACKBONE"]).parent
    return Workshop(Path(os.environ["PAWTRACE_PETS_ARCHIVE"]), weights, tmp_path)


def test_no_good_model_is_called_ill(shop: object) -> None:
    from benchmarks.foreign_models import good_cases

    assert [case.name for case in good_cases(shop) if not case.is_right()] == []  # type: ignore[arg-type]


def test_of_twenty_spoiled_models_at_most_one_is_judged_wrongly(shop: object) -> None:
    from benchmarks.foreign_models import spoiled_cases

    wrong = [case.name for case in spoiled_cases(shop) if not case.is_right()]  # type: ignore[arg-type]
    assert len(wrong) <= 1, wrong
