"""Probes tell a dead network from a healthy one, and find what is wrong with inputs."""

import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pawtrace.config.sections import ProbeParams
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.probes.few_pictures import FewPictures
from pawtrace.learning.probes.probe import probe
from pawtrace.learning.probes.rate_range import rate_range
from pawtrace.learning.probes.sample import balanced_sample
from pawtrace.learning.probes.signal import measure_blocks
from tests.conftest import write_records
from tests.learning.probes.three_convolutions import HEAD, train_on, write_backbone

pytestmark = pytest.mark.slow

PARAMS = ProbeParams(
    num_examples=12,
    num_overfit_examples=8,
    num_overfit_steps=40,
    num_rate_steps=25,
    num_linear_probe_examples=24,
    num_convention_examples=20,
    overlap_distance=40,
)
NO_OVERFIT = PARAMS.model_copy(update={"num_overfit_steps": 1})  # where it is not the question


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Records]:
    folder = tmp_path_factory.mktemp("records")
    write_records(folder, {"train": 24, "validation": 8, "test": 8})
    return open_records(folder)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> str:
    keras.utils.set_random_seed(0)
    return write_backbone(tmp_path_factory.mktemp("healthy") / "b.keras", "he_normal")


def measured(train: TrainParams, records: dict[str, Records]) -> list[dict[str, Any]]:
    sample = balanced_sample(records["train"], train.image_size_px, 12, train.seed)
    return measure_blocks(build_classifier(train), train, sample, 12)


def overfit_rate(found: dict[str, Any]) -> float:
    return float(found["overfit"]["learning_rate"])


def by_name(blocks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {block["name"]: block for block in blocks}


def test_a_healthy_network_learns_by_heart_what_it_sees(records: dict[str, Records], healthy: str) -> None:
    found = probe(train_on(healthy), PARAMS, records)
    assert found["num_examples"] == 12
    assert 0.3 < found["initial"]["inference"]["loss"] < 1.5
    assert found["initial"]["training"] == found["initial"]["inference"]  # nothing in it has two modes
    rates = found["rate_range"]
    assert rates["falls_from"] < rates["steepest"] < rates["blows_up_at"]
    assert overfit_rate(found) == pytest.approx(
        min((rates["steepest"] * rates["blows_up_at"]) ** 0.5, rates["blows_up_at"] / 5), rel=1e-3
    )
    overfit = found["overfit"]
    assert overfit["num_examples"] == 8
    assert overfit["accuracy"] == 1.0
    assert overfit["loss"] < 0.2


def test_a_block_is_a_resolution_and_the_head_follows(records: dict[str, Records], healthy: str) -> None:
    blocks = measured(train_on(healthy), records)
    assert [block["name"] for block in blocks] == ["second_relu", "third_relu", "dense1", "logit"]
    assert all(block["activation_std"] > 1e-3 for block in blocks)
    assert all(block["gradient_rms"] > 1e-4 for block in blocks)
    assert 0.2 < blocks[0]["zero_share"] < 0.8
    assert blocks[-1]["zero_share"] == 0


def test_a_network_without_weights_in_its_last_block_has_no_gradient_there(
    records: dict[str, Records],
) -> None:
    blocks = measured(train_on("vgg16"), records)
    assert [block["name"] for block in blocks] == [
        *("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3", "block5_pool"),
        *("dense1", "logit"),
    ]
    assert [block["name"] for block in blocks if block["gradient_rms"] is None] == ["block5_pool"]


def test_what_is_measured_of_a_block_is_what_its_layers_give(
    records: dict[str, Records], healthy: str
) -> None:
    train = train_on(healthy)
    sample = balanced_sample(records["train"], 32, 10, seed=0)
    classifier = build_classifier(train)
    inner = keras.Model(classifier.backbone.inputs, classifier.backbone.get_layer("second_relu").output)
    expected = np.asarray(inner([sample.images.astype(np.float32)]))
    # In batches of 4, 4 and 2: statistics over all of them.
    block = by_name(measure_blocks(classifier, train, sample, 4))["second_relu"]
    assert block["activation_mean"] == pytest.approx(expected.mean(), rel=1e-3)
    assert block["activation_std"] == pytest.approx(expected.std(), rel=1e-3)
    assert block["zero_share"] == pytest.approx((expected == 0).mean(), rel=1e-3)


def test_side_branches_and_models_within_models_make_no_blocks_of_their_own(
    records: dict[str, Records], tmp_path: Path
) -> None:
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 3, 4, "same", name="outer")(inputs)
    features = keras.Input((8, 8, 4))
    squeezed = keras.layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(features)
    excited = keras.layers.Conv2D(4, 1, activation="sigmoid", name="excite")(squeezed)
    scaled = keras.layers.Multiply(name="scaled")([features, excited])
    down = keras.layers.Conv2D(4, 3, 2, "same", name="down")(scaled)
    keras.Model(inputs, keras.Model(features, down, name="inner")(x)).save(tmp_path / "b.keras")
    blocks = measured(train_on(str(tmp_path / "b.keras")), records)
    assert [block["name"] for block in blocks] == ["scaled", "down", "dense1", "logit"]


def test_activations_are_those_of_the_first_phase(records: dict[str, Records], tmp_path: Path) -> None:
    """Batch normalisation that learns goes by the batch, a frozen one by averages that know nothing."""
    kernels = keras.initializers.RandomNormal(stddev=0.03, seed=0)
    backbone = write_backbone(tmp_path / "b.keras", kernels, normalized=True)
    learning, frozen = (
        by_name(measured(train_on(backbone, trainable), records))["third_relu"]["activation_std"]
        for trainable in ("all", "none")
    )
    assert learning > 10 * frozen


@pytest.mark.parametrize("kernels", ["zeros", keras.initializers.RandomNormal(stddev=1e-4, seed=0)])
def test_a_dead_network_shows_no_spread_no_gradient_and_learns_nothing(
    records: dict[str, Records], tmp_path: Path, kernels: Any
) -> None:
    backbone = write_backbone(tmp_path / "dead.keras", kernels)
    train = train_on(backbone, trainable="none", input_scaling="zero_to_one")
    found = probe(train, PARAMS, records)
    assert by_name(found["blocks"])["third_relu"]["activation_std"] < 1e-6
    assert by_name(found["blocks"])["second_relu"]["gradient_rms"] < 1e-6
    assert found["overfit"]["accuracy"] == 0.5
    assert found["overfit"]["loss"] == pytest.approx(np.log(2), abs=0.01)


@pytest.mark.parametrize("trainable", ["all", "third", "none"])
def test_batch_normalisation_does_not_keep_a_network_from_learning_by_heart(
    records: dict[str, Records], tmp_path: Path, trainable: str
) -> None:
    """Keras's momentum would leave its averages where they started after so few steps."""
    keras.utils.set_random_seed(0)
    backbone = write_backbone(tmp_path / "b.keras", "he_normal", normalized=True)
    overfit = probe(train_on(backbone, trainable), PARAMS, records)["overfit"]
    assert overfit["accuracy"] == 1.0
    assert overfit["loss"] < 0.4


def test_dropout_does_not_keep_a_network_from_learning_by_heart(
    records: dict[str, Records], healthy: str
) -> None:
    """With so few pictures its noise is larger than the fall of the loss."""
    found = probe(train_on(healthy, head={**HEAD, "dropout": 0.9}), PARAMS, records)
    rates = found["rate_range"]
    assert rates["falls_from"] <= rates["steepest"] < rates["blows_up_at"]
    losses = rates["losses"]
    assert max(abs(losses[0] - loss) for loss in losses[:5]) < 0.01  # at rates that move nothing
    assert found["overfit"]["accuracy"] == 1.0


def test_what_the_first_phase_freezes_is_not_trained_by_heart(
    records: dict[str, Records], tmp_path: Path
) -> None:
    """Tiny kernels learn when they may; a head on what little they let through does not."""
    keras.utils.set_random_seed(0)
    backbone = write_backbone(tmp_path / "b.keras", keras.initializers.RandomNormal(stddev=0.02, seed=0))
    learned, *frozen = (
        probe(train_on(backbone, trainable, learning_rate=0.05), PARAMS, records)["overfit"]["loss"]
        for trainable in ("all", "none", "third_relu")  # the last one has no weights
    )
    assert learned < 0.3
    assert min(frozen) > 0.65


def test_probing_twice_finds_the_same(records: dict[str, Records], tmp_path: Path) -> None:
    backbone = write_backbone(tmp_path / "b.keras", "he_normal", normalized=True)
    train = train_on(backbone, head={**HEAD, "dropout": 0.5})
    few_steps = PARAMS.model_copy(update={"num_overfit_steps": 4})
    first, second = (probe(train, few_steps, records) for _ in range(2))
    assert first == second
    json.dumps(first, allow_nan=False)


def test_each_probe_says_what_it_found(
    records: dict[str, Records], healthy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    probe(train_on(healthy), PARAMS, records)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("check: ")]
    assert len(lines) == 5
    assert re.search("memorise 8 .*yes", lines[4])


def test_what_is_not_finite_is_null(records: dict[str, Records], tmp_path: Path) -> None:
    backbone = write_backbone(tmp_path / "huge.keras", keras.initializers.Constant(1e30))
    found = probe(train_on(backbone), NO_OVERFIT, records)
    json.dumps(found, allow_nan=False)
    assert found["initial"]["inference"]["loss"] is None
    assert found["overfit"]["accuracy"] is None
    assert by_name(found["blocks"])["third_relu"]["activation_std"] is None


def test_a_rate_far_below_the_band_moves_nothing_and_one_beyond_it_blows_up(
    records: dict[str, Records], healthy: str
) -> None:
    train = train_on(healthy)
    sample = balanced_sample(records["train"], 32, 8, seed=0)
    few = FewPictures(build_classifier(train), train)
    inputs = few.inputs_of(sample)
    found = rate_range(few, sample, 25)

    def losses_at(rate: float) -> list[float]:
        with few.untouched():
            return [few.step(inputs, sample.labels, rate) for _ in range(8)]

    start = found["losses"][0]
    assert losses_at(found["falls_from"] / 1000)[-1] == pytest.approx(start, abs=0.01)
    assert min(losses_at(found["steepest"])) < start - 0.02
    assert max(losses_at(found["blows_up_at"] * 10)) > start + 0.2
    assert rate_range(few, sample, 25) == found  # as it was
