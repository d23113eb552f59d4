import itertools
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest

from pawtrace.evaluation import charts
from pawtrace.evaluation.results import Result, read_result
from tests.evaluation.finished_project import SEPARATIONS, finish_project


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> list[Result]:
    root = tmp_path_factory.mktemp("finished")
    finish_project(root)
    return [read_result(root / "models" / name, "Is it any good?") for name in SEPARATIONS]


def texts(svg: str) -> list[str]:
    return [
        element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")
    ]


def test_curves_mark_the_best_epoch_and_the_phases(results):
    shown = texts(charts.learning_curves(results[1], "#0069a8"))
    assert {"loss", "accuracy", "train", "validation", "best: 5"} <= set(shown)
    assert [text.strip() for text in shown].count("phase 2") == 2


def test_curves_of_a_single_epoch_are_drawn(results):
    history = results[0].history
    alone = results[0]._replace(history=type(history)(*(column[:1] for column in history)))
    assert "train" in texts(charts.learning_curves(alone, "#0069a8"))


def test_all_recipes_are_named_beside_their_curves(results):
    assert set(SEPARATIONS) <= set(texts(charts.all_validation_curves(results)))


def test_the_confusion_matrix_shows_all_counts():
    shown = texts(charts.confusion_matrix([[30, 10], [4, 36]], "#0069a8"))
    assert {"30", "10", "4", "36", "75.0 %", "called dog", "is cat"} <= set(shown)


def test_the_same_chart_is_the_same_bytes_and_leaves_no_settings_behind(results):
    before = dict(matplotlib.rcParams)
    first = charts.roc_curves(results, results[2], "#0069a8")
    assert first == charts.roc_curves(results, results[2], "#0069a8")
    assert "dc:date" not in first
    assert dict(matplotlib.rcParams) == before


def test_twenty_recipes_keep_their_labels_apart(results):
    many = [results[number % 3]._replace(name=f"recipe_{number}") for number in range(20)]
    root = ElementTree.fromstring(charts.all_validation_curves(many))
    places = sorted(
        float(element.get("y") or 0)
        for element in root.iter()
        if element.tag.endswith("text") and (element.text or "").startswith("recipe_")
    )
    assert len(places) == 20
    assert min(after - before for before, after in itertools.pairwise(places)) > 7
