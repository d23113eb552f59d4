import itertools
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest

from pawtrace.report import charts
from pawtrace.report.signal_charts import during_training, signal_by_block
from pawtrace.results.probe_results import Block
from pawtrace.results.results import Result
from tests.results.made_up_results import MadeUp, blocks, made_up_result

NAMES = ("dead", "overfit", "healthy")


@pytest.fixture(scope="module")
def results() -> list[Result]:
    late = MadeUp(3.0, 0.8, val_losses=(0.6, 0.5, 0.45, 0.44, 0.43, 0.46, 0.5, 0.6, 0.7))
    return [
        made_up_result(made, name) for name, made in zip(NAMES, (MadeUp(0, 0), late, MadeUp()), strict=True)
    ]


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
    assert set(NAMES) <= set(texts(charts.all_validation_curves(results)))


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


def test_every_block_has_a_row_and_what_has_no_place_on_a_log_axis_is_a_zero_or_nothing():
    rows = [Block.model_validate(block) for block in blocks(0.9, 0.0, 0.00001)]
    rows[2] = rows[2].model_copy(update={"gradient_rms": None})
    shown = texts(signal_by_block(rows, "#0069a8"))
    assert {"block1", "block2", "head", "spread of activations", "size of gradients"} <= set(shown)
    assert shown.count("0") == 2  # block2's activations and gradients


def test_a_signal_that_is_dead_everywhere_is_drawn():
    nothing = {"activation_std": 0.0, "gradient_rms": None}
    rows = [Block.model_validate({**block, **nothing}) for block in blocks(1.0, 1.0)]
    assert texts(signal_by_block(rows, "#0069a8")).count("0") == 2


def test_signals_during_training_are_drawn_by_epoch_and_block():
    drawing = during_training(made_up_result(MadeUp()), "#0069a8")
    assert any("mode" in text for text in texts(drawing))
    none_finite = made_up_result(MadeUp())
    block = none_finite.signals.epochs[0].blocks[0].model_copy(update={"update_ratio": None})
    epoch = none_finite.signals.epochs[0].model_copy(update={"blocks": [block]})
    signals = none_finite.signals.model_copy(update={"epochs": [epoch]})
    assert during_training(none_finite._replace(signals=signals), "#0069a8")
