"""A cure fits the model: its loss, its head, its history, what its backbone expects."""

from types import SimpleNamespace
from typing import cast

import keras
import numpy as np
import pytest
from keras import layers

import pawtrace
from pawtrace.diagnosis.cures.of_training import _momentum_lines
from pawtrace.diagnosis.cures.steps import Cure, pretrained_lines
from pawtrace.diagnosis.finding import Finding
from pawtrace.foreign.defaults import train_params
from pawtrace.foreign.judging import cures
from pawtrace.foreign.judging.cures_of_dead import _more_epochs, new_head
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.measuring.outputs import Output
from pawtrace.foreign.reading.model_file import Compiled
from tests.foreign.colours import images_and_labels, reader
from tests.foreign.judging.known_models import BAD_LOSSES, TEST, TRAIN, blind, wide

pytestmark = pytest.mark.slow


def test_a_loss_that_ignores_a_single_unit_is_named() -> None:
    found = pawtrace.diagnose(blind("categorical_crossentropy"), TEST)
    assert (found.verdict, found.cause) == ("dead", "loss")
    assert "binary_crossentropy" in found.cures[0].keras


def test_a_head_of_zeros_on_good_convolutions_is_to_be_trained_again() -> None:
    found = pawtrace.diagnose(wide(gain=0.0), TEST, TRAIN)
    assert (found.verdict, found.cause) == ("dead", "head")
    assert "All weights of answer are zero" in found.sentence
    assert [cure.name for cure in found.cures] == ["new_head"]


@pytest.mark.parametrize(("num_epochs", "is_short"), [(5, True), (12, False)])
def test_a_dead_network_of_few_epochs_is_also_trained_longer(num_epochs: int, is_short: bool) -> None:
    facts = SimpleNamespace(knows_history=True, history=SimpleNamespace(epoch=range(num_epochs)))
    assert bool(list(_more_epochs(cast(ForeignFacts, facts)))) is is_short
    unknown = SimpleNamespace(knows_history=False)
    assert list(_more_epochs(cast(ForeignFacts, unknown))) == []


@pytest.mark.parametrize("is_certain", [True, False])
def test_the_scaling_of_the_training_is_named_only_if_it_is_known(is_certain: bool) -> None:
    finding = Finding(True, "", "", "", cause="zero_to_255")
    facts = facts_of_scaling([], "zero_to_one")
    facts.measured.feeding.convention, facts.measured.feeding.is_certain = "zero_to_one", is_certain
    (cure,) = cures._own_cures("input_scaling", finding, facts)
    assert ("instead of images / 255" in cure.keras) is is_certain


@pytest.mark.parametrize(
    ("made_for", "expected", "line"),
    [
        (
            "zero_to_255",
            "minus_one_to_one",
            "x = images  # RGB 0..255; the scaling layer in the model does the rest",
        ),
        (
            "zero_to_one",
            "minus_one_to_one",
            "x = images  # RGB 0..1; the scaling layer in the model does the rest",
        ),
        (None, "minus_one_to_one", "x = images / 127.5 - 1  # images: RGB 0..255"),
        (None, None, "x = images / 255  # images: RGB 0..255"),
    ],
)
def test_a_new_head_says_what_its_backbone_expects(
    made_for: str | None, expected: str | None, line: str
) -> None:
    network = SimpleNamespace(
        expected_convention=expected, size_px=(9, 8), feature_map_words="model.layers[1].output"
    )
    feeding = SimpleNamespace(convention="zero_to_one")
    measured = SimpleNamespace(
        inner_scaling=made_for is not None, made_for=made_for, network=network, feeding=feeding
    )
    assert line in new_head(SimpleNamespace(measured=measured)).keras.splitlines()  # type: ignore[arg-type]


def nested(model: keras.Model, build: str) -> keras.Model:
    """A model whose trunk is one layer, with a head of zeros."""
    trunk = keras.Model(model.inputs, model.layers[1].output)
    head = [layers.GlobalAveragePooling2D(), layers.Dense(1, "sigmoid", kernel_initializer="zeros")]
    if build == "sequential":
        return keras.Sequential([model.inputs[0], trunk, *head])
    images = keras.Input(model.input_shape[1:])
    return keras.Model(images, head[1](head[0](trunk(images, training=False))))


@pytest.mark.parametrize("build", ["flat", "sequential", "functional"])
def test_the_lines_of_a_new_head_run_as_they_are_printed_and_mend_the_model(build: str) -> None:
    model = wide(gain=0.0)
    if build != "flat":
        model = nested(model, build)
    (cure,) = pawtrace.diagnose(model, TEST, TRAIN).cures
    names = {"keras": keras, "model": model}
    exec(cure.keras, names)
    names["model"].fit(TRAIN[0].astype(np.float32) / 255, TRAIN[1], epochs=1, verbose=0)
    assert not names["backbone"].trainable
    assert names["model"].input_shape == (None, *TEST[0].shape[1:])


def test_no_number_of_epochs_is_made_up() -> None:
    weak = [images_and_labels(number, seed, noise=25) for number, seed in ((120, 0), (320, 1))]
    found = pawtrace.diagnose(reader(), *weak)
    assert found.verdict == "underfitting"
    more = next(cure for cure in found.cures if cure.name == "more_epochs")
    assert not any(letter.isdigit() for letter in more.words)
    found = pawtrace.diagnose(reader(), *weak, {"loss": 14 * [0.6]})
    more = next(cure for cure in found.cures if cure.name == "more_epochs")
    assert "instead of 14" in more.words


def test_where_the_steps_have_broken_the_network_a_lower_rate_is_not_all() -> None:
    found = pawtrace.diagnose(blind(), TEST, TRAIN, BAD_LOSSES | {"loss": [4.9] + 5 * [0.7]})
    assert found.verdict == "unstable"
    assert found.sentence.startswith("The training loss is 4.900 in epoch 1, although guessing gives 0.693,")
    assert found.cures[0].name == "learning_rate"
    dead = pawtrace.diagnose(blind(), TEST, TRAIN, BAD_LOSSES)
    assert [cure.name for cure in found.cures[1:]] == [cure.name for cure in dead.cures]
    assert dead.cures


def facts_of_scaling(names: list[str], received: str, **measured: object) -> ForeignFacts:
    """A model whose photos are fed as 0..255, and whose layers of these names scale them."""
    network = SimpleNamespace(scaling_layers=[SimpleNamespace(name=name) for name in names])
    feeding = SimpleNamespace(convention="zero_to_255", is_certain=True)
    facts = SimpleNamespace(
        measured=SimpleNamespace(network=network, feeding=feeding, received=received, **measured)
    )
    return cast(ForeignFacts, facts)


def test_a_scaling_layer_of_the_model_that_is_wrong_for_its_backbone_is_to_be_removed() -> None:
    finding = Finding(True, "", "", "", cause="caffe")
    (within,) = cures._own_cures("input_scaling", finding, facts_of_scaling(["rescaling"], "zero_to_one"))
    assert within.words.startswith("Remove the layer rescaling from the model, and give it BGR minus")
    assert "instead of" not in within.keras
    (outside,) = cures._own_cures("input_scaling", finding, facts_of_scaling([], "zero_to_one"))
    assert outside.words.startswith("Give the model BGR minus")
    assert outside.keras.endswith("instead of images / 255")


@pytest.mark.parametrize(("is_wrong_too", "name"), [(True, "input_scaling"), (False, "scale_once")])
def test_who_scales_twice_is_told_of_a_scaling_layer_that_is_wrong_as_well(
    monkeypatch: pytest.MonkeyPatch, is_wrong_too: bool, name: str
) -> None:
    pretrained = Finding(is_wrong_too, "", "", "", cause="caffe")
    monkeypatch.setattr(cures.input_scaling, "of_pretrained", lambda _: pretrained)
    facts = facts_of_scaling(["rescaling"], "zero_to_one", made_for="zero_to_255")
    (cure,) = cures._own_cures("input_scaling", Finding(True, "", "", "", cause="twice"), facts)
    assert cure.name == name


def test_a_model_of_a_thousand_classes_is_given_one_unit_first() -> None:
    output = Output(1000, "softmax", "the classes of ImageNet")
    file = SimpleNamespace(compiled=Compiled(loss=""))
    facts = SimpleNamespace(measured=SimpleNamespace(output=output, file=file, network=None))
    found = cures.cures_for("stalled", Finding(True, "", "", ""), cast(ForeignFacts, facts))
    assert [cure.name for cure in found] == ["two_classes", "learning_rate"]


@pytest.mark.parametrize(
    ("optimizer", "rate", "line"),
    [
        ("", None, "Adam(0.001)"),
        ("adam", 1e-7, "Adam(0.001)"),
        ("sgd", 1e-3, "SGD(0.01)"),
        ("sgd", 1e-2, "SGD(0.1)"),  # usual, and too low all the same
    ],
)
def test_a_too_low_rate_is_raised_to_a_usual_one_of_the_optimizer(
    optimizer: str, rate: float | None, line: str
) -> None:
    compiled = Compiled(optimizer=optimizer, learning_rate=rate)
    facts = SimpleNamespace(measured=SimpleNamespace(file=SimpleNamespace(compiled=compiled)))
    assert line in cures._higher_rate(cast(ForeignFacts, facts)).keras


@pytest.mark.parametrize(("rate", "is_lowered"), [(None, True), (1e-3, True), (1e-5, False)])
def test_frozen_batch_normalisation_needs_a_low_rate(rate: float | None, is_lowered: bool) -> None:
    compiled = Compiled(learning_rate=rate)
    facts = SimpleNamespace(measured=SimpleNamespace(file=SimpleNamespace(compiled=compiled)))
    frozen = Cure("freeze_normalization", "Freeze it.", None, "layer.trainable = False")
    cure = cures._in_a_script(frozen, cast(ForeignFacts, facts))
    assert ("Adam(1e-05)" in cure.keras) is is_lowered
    assert ("lower the learning rate to 1e-05" in cure.words) is is_lowered


def test_the_momentum_of_a_backbone_within_the_model_is_set_too() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.BatchNormalization()])
    model = keras.Sequential([keras.Input((8, 8, 3)), inner, layers.BatchNormalization()])
    exec(_momentum_lines(0.9), {"keras": keras, "model": model})
    assert [inner.layers[0].momentum, model.layers[1].momentum] == [0.9, 0.9]


def test_a_far_too_high_rate_is_lowered_to_a_usual_one() -> None:
    found = pawtrace.diagnose(blind(rate=20.0), TEST, TRAIN, {"loss": [0.7, 90.0, 90.0]})
    assert found.verdict == "unstable"
    assert "SGD(0.01, clipnorm=1.0)" in found.cures[0].keras


@pytest.mark.parametrize(
    ("family", "trains", "names"),
    [
        (None, True, ["pretrained_backbone", "shared"]),
        (None, False, ["shared"]),  # frozen: somebody has pretrained it
        ("vgg16", True, ["shared"]),
    ],
)
def test_who_overfits_with_convolutions_of_their_own_is_told_of_pretrained_ones(
    family: str | None, trains: bool, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cures, "cures_of", lambda *_: [Cure("shared", "", None, "")])
    network = SimpleNamespace(family=family, shows_layers=True)
    measured = SimpleNamespace(network=network, output=Output(1, "sigmoid", ""))
    params = train_params({"backbone": "model.keras"})
    facts = SimpleNamespace(measured=measured, params=params, trains_backbone=trains)
    found = cures.cures_for("overfitting", Finding(True, "", "", ""), facts)  # type: ignore[arg-type]
    assert [cure.name for cure in found] == names


def test_a_loss_that_takes_probabilities_of_a_layer_without_activation_is_mended_first() -> None:
    model = blind()
    model.layers[-1].activation = keras.activations.linear
    found = pawtrace.diagnose(model, TEST, TRAIN, BAD_LOSSES)
    assert found.verdict != "healthy"
    assert "from_logits=True" in found.cures[0].keras
    assert "The last layer has no activation" in " ".join(found.text.split())


def test_the_lines_of_a_pretrained_backbone_let_a_flat_head_be_put_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build = keras.applications.VGG16
    monkeypatch.setattr(keras.applications, "VGG16", lambda **how: build(**how | {"weights": None}))
    names = {"keras": keras, "images": keras.Input((48, 48, 3))}
    exec(pretrained_lines(train_params({"image_size_px": 48})), names)
    features = keras.layers.Flatten()(names["backbone"](names["x"]))
    assert keras.layers.Dense(1)(features).shape == (None, 1)
