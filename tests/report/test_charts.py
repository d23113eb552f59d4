import itertools
import re
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest

from pawtrace.config.params import load_params
from pawtrace.report import charts
from pawtrace.report.chart_scale import Scale, scale_of
from pawtrace.report.chart_style import BAND, BEHIND
from pawtrace.report.signal_charts import during_training, signal_by_block
from pawtrace.results.probe_results import Block
from pawtrace.results.results import Result
from tests.conftest import PARAMS
from tests.results.made_up_probes import blocks
from tests.results.made_up_results import MadeUp, made_up_result

NAMES = ("dead", "overfit", "healthy")


@pytest.fixture(scope="module")
def results() -> list[Result]:
    late = MadeUp(3.0, 0.8, val_losses=(0.6, 0.5, 0.45, 0.44, 0.43, 0.46, 0.5, 0.6, 0.7))
    return [
        made_up_result(made, name) for name, made in zip(NAMES, (MadeUp(0, 0), late, MadeUp()), strict=True)
    ]


def scaled(results: list[Result]) -> Scale:
    """The axes that these results share; the last one is the best."""
    return scale_of(results, results[-1], load_params(PARAMS).diagnose)


@pytest.fixture(scope="module")
def scale(results: list[Result]) -> Scale:
    return scaled(results)


def texts(svg: str) -> list[str]:
    return [
        element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")
    ]


def test_curves_mark_the_kept_epoch_and_the_phases(results, scale):
    shown = texts(charts.learning_curves(results[1], "#0069a8", scale))
    assert {"loss", "accuracy", "training", "validation", "best recipe", "kept: 5"} <= set(shown)
    assert [text.strip() for text in shown].count("phase 2") == 2


def ticks(svg: str) -> list[tuple[str, str, str]]:
    """The numbers along the axes of a chart, with their places."""
    return [
        (element.text, element.get("x") or "", element.get("y") or "")
        for element in ElementTree.fromstring(svg).iter()
        if element.tag.endswith("text") and re.fullmatch(r"[−\d.]+", (element.text or "").strip())
    ]


@pytest.mark.parametrize("draw", [charts.learning_curves, charts.roc_curve, during_training])
def test_charts_of_different_recipes_have_the_same_axes(results, draw):
    long = made_up_result(MadeUp(losses=(0.6,) * 40, val_losses=(2.0, *(0.5,) * 39)), "long")
    every = [*results, long]
    axes = [ticks(draw(result, "#0069a8", scaled(every))) for result in every]
    assert axes[0]
    assert all(each == axes[0] for each in axes)


def test_signals_before_training_have_the_same_axes():
    weak = made_up_result(MadeUp(probes={"blocks": blocks(0.9, 0.01, 0.0001)}), "weak")
    strong = made_up_result(MadeUp(probes={"blocks": blocks(0.9, 0.9, 0.9)}), "strong")
    scale = scaled([weak, strong])
    texts_of = [texts(signal_by_block(each, "#0069a8", scale)) for each in (weak, strong)]
    assert texts_of[0] == texts_of[1]
    limits = [signal_by_block(each, "#0069a8", scaled([each])) for each in (weak, strong)]
    assert texts(limits[0]) != texts(limits[1])


@pytest.mark.parametrize("draw", [charts.learning_curves, charts.roc_curve, during_training, signal_by_block])
def test_the_best_recipe_is_grey_behind_the_others_and_not_behind_itself(results, scale, draw):
    dead, _, best = results
    assert BEHIND in draw(dead, "#0069a8", scale)
    assert BEHIND not in draw(best, "#0069a8", scale)
    assert BEHIND not in draw(dead, "#0069a8", scale._replace(best=None))


def test_a_confusion_matrix_and_a_reliability_diagram_compare_with_the_best(results):
    dead, _, best = (result.evaluation for result in results)
    matrices = [each.confusion["test"] for each in (dead, best)]
    assert any(
        text.startswith("best: ")
        for text in texts(charts.confusion_matrix(matrices[0], "#0069a8", matrices[1]))
    )
    assert BEHIND in charts.reliability(dead.calibration, 0.1, "#0069a8", best.calibration)
    assert BEHIND not in charts.reliability(best.calibration, 0.1, "#0069a8")


@pytest.mark.parametrize("draw", [charts.learning_curves, during_training, signal_by_block])
def test_a_band_shows_what_is_healthy(results, scale, draw):
    assert f"fill: {BAND}" in draw(results[0], "#0069a8", scale)


def test_a_loss_beyond_the_axis_is_written(results):
    exploded = made_up_result(MadeUp(losses=(0.9, 7210.0, 0.8)), "exploded")
    scale = scaled([exploded, *results])
    assert scale.highest_loss < 3
    assert "highest: 7.21e+03" in texts(charts.learning_curves(exploded, "#0069a8", scale))
    assert not any("highest" in text for text in texts(charts.learning_curves(results[1], "#0069a8", scale)))


def test_epochs_are_logarithmic_only_where_another_recipe_trains_far_longer(results):
    long = made_up_result(MadeUp(losses=(0.6,) * 40), "long")
    assert scaled([*results, long]).log_epochs
    assert not scaled(results).log_epochs


@pytest.mark.parametrize("width_in", [3.5, 6.6])
def test_no_text_is_below_eleven_pixels_and_charts_fit_a_phone(results, scale, width_in):
    drawn = {
        "wide": charts.all_validation_curves(results, width_in, scale),
        "curves": charts.learning_curves(results[0], "#0069a8", scale),
        "during": during_training(results[0], "#0069a8", scale),
        "signal": signal_by_block(results[0], "#0069a8", scale),
        "roc": charts.roc_curve(results[0], "#0069a8", scale),
        "reliability": charts.reliability(results[0].evaluation.calibration, 0.1, "#0069a8"),
        "confusion": charts.confusion_matrix([[30, 10], [4, 36]], "#0069a8", [[39, 1], [2, 38]]),
    }
    for name, svg in drawn.items():
        sizes = [float(size) * 4 / 3 for size in re.findall(r"font(?:-size)?: ([\d.]+)px", svg)]
        assert sizes
        assert min(sizes) >= 11, name
        width = float(re.search(r'width="([\d.]+)pt"', svg)[1]) * 4 / 3
        assert width <= (640 if name == "wide" else 360), name


def test_curves_of_a_single_epoch_are_drawn(results):
    history = results[0].history
    training = results[0].training.model_copy(update={"best_epoch": 1})
    alone = results[0]._replace(history=type(history)(*(column[:1] for column in history)), training=training)
    assert "kept: 1" in texts(charts.learning_curves(alone, "#0069a8", scaled([alone])))


def test_all_recipes_are_named_beside_their_curves(results, scale):
    assert set(NAMES) <= set(texts(charts.all_validation_curves(results, 6.6, scale)))


def test_the_confusion_matrix_shows_all_counts():
    shown = texts(charts.confusion_matrix([[30, 10], [4, 36]], "#0069a8"))
    assert {"30", "10", "4", "36", "75.0 %", "called dog", "is cat"} <= set(shown)


def test_the_same_chart_is_the_same_bytes_and_leaves_no_settings_behind(results, scale):
    before = dict(matplotlib.rcParams)
    first = charts.roc_curve(results[2], "#0069a8", scale)
    assert first == charts.roc_curve(results[2], "#0069a8", scale)
    assert "dc:date" not in first
    assert dict(matplotlib.rcParams) == before


def test_twenty_recipes_keep_their_labels_apart(results):
    many = [results[number % 3]._replace(name=f"recipe_{number}") for number in range(20)]
    root = ElementTree.fromstring(charts.all_validation_curves(many, 3.5, scaled(many)))
    places = sorted(
        float(element.get("y") or 0)
        for element in root.iter()
        if element.tag.endswith("text") and (element.text or "").startswith("recipe_")
    )
    assert len(places) == 20
    assert min(after - before for before, after in itertools.pairwise(places)) > 7


def signals_of(rows: list[Block]) -> str:
    result = made_up_result(MadeUp())
    result = result._replace(probes=result.probes.model_copy(update={"blocks": rows}))
    return signal_by_block(result, "#0069a8", scaled([result]))


def test_every_block_has_a_row_and_what_has_no_place_on_a_log_axis_is_a_zero_or_nothing():
    rows = [Block.model_validate(block) for block in blocks(0.9, 0.0, 0.00001)]
    rows[2] = rows[2].model_copy(update={"gradient_rms": None})
    shown = texts(signals_of(rows))
    assert {"block1", "block2", "head", "activations", "gradients"} <= set(shown)
    assert shown.count("0") == 2  # block2's activations and gradients


def test_a_signal_that_is_dead_everywhere_is_drawn():
    nothing = {"activation_std": 0.0, "gradient_rms": None}
    rows = [Block.model_validate({**block, **nothing}) for block in blocks(1.0, 1.0)]
    assert texts(signals_of(rows)).count("0") == 2


def test_signals_during_training_are_drawn_by_epoch_and_block():
    result = made_up_result(MadeUp())
    assert any("mode" in text for text in texts(during_training(result, "#0069a8", scaled([result]))))
    block = result.signals.epochs[0].blocks[0].model_copy(update={"update_ratio": None})
    epoch = result.signals.epochs[0].model_copy(update={"blocks": [block]})
    none_finite = result._replace(signals=result.signals.model_copy(update={"epochs": [epoch]}))
    assert during_training(none_finite, "#0069a8", scaled([none_finite]))
