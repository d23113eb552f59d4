"""Each disease is made on purpose, by really training; the diagnosis names it, and not another."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from pawtrace.config.params import Params
from pawtrace.config.recipe_file import read_recipe
from pawtrace.dataset.examples.pixels import resize_shorter_side
from pawtrace.dataset.sources.drawn.picture import draw_picture
from pawtrace.diagnosis.diagnosis import Diagnosis, diagnose
from pawtrace.learning.device import Compute
from pawtrace.lineage.record.circumstances import circumstances
from pawtrace.results.results import read_result
from stages import resolve
from stages import train as stage
from stages.measure import measure_recipe
from tests.conftest import WriteParams
from tests.dataset.drawn_dataset import SIZE_PX, Drawn, data_of, write

pytestmark = pytest.mark.slow

COUNTS = {"train": 900, "validation": 200, "test": 200}
FLIP = [{"name": "HorizontalFlip", "arguments": {"p": 0.5}}]
# A run that ends well; each disease changes one thing.
HEALTHY: dict[str, Any] = {
    "backbone": "small.keras",
    "precision": "float32",
    "input_scaling": "backbone",
    "device": "cpu",
    "head": {"pooling": "average", "units": []},
    "augmentation": FLIP,
    "learning_rate": 0.004,
    "batch_size": 32,
    "phases": [{"trainable": "all", "num_epochs": 12}],
    "schedule": {"warmup_epochs": 0.0, "decay": "cosine"},
    "early_stopping": None,
}


class Variant(NamedTuple):
    """What a verdict must not depend on."""

    drawing_seed: int
    training_seed: int
    filters: tuple[int, ...]
    num_noise_epochs: int
    num_vgg16_pictures: int
    num_vgg16_epochs: int


@pytest.fixture(
    scope="module",
    params=[
        Variant(5, 0, (24, 48, 64), 6, 100, 2),
        pytest.param(Variant(6, 1, (32, 64, 96), 12, 900, 3), marks=pytest.mark.long),
        # On 900 pictures VGG16 with this seed begins to learn in its third epoch.
        pytest.param(Variant(7, 2, (32, 64, 96), 12, 500, 2), marks=pytest.mark.long),
    ],
    ids=lambda variant: f"drawing{variant.drawing_seed}",
)
def variant(request: pytest.FixtureRequest) -> Variant:
    chosen: Variant = request.param
    return chosen


@pytest.fixture(scope="module")
def drawn(variant: Variant) -> Drawn:
    """Drawn cats and dogs in turn, small."""
    random = np.random.default_rng(variant.drawing_seed)
    return {
        split: [(n % 2, resize_shorter_side(draw_picture(n % 2, random), SIZE_PX)) for n in range(count)]
        for split, count in COUNTS.items()
    }


def small_backbone(path: Path, filters: tuple[int, ...], *, alive: bool = True) -> None:
    """A small convolutional network; without life, its weights are far too small."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input((None, None, 3))
    start = "he_normal" if alive else keras.initializers.RandomNormal(stddev=1e-4)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
    for number, count in enumerate(filters, start=1):
        x = keras.layers.Conv2D(count, 3, padding="same", kernel_initializer=start, name=f"conv{number}")(x)
        if alive:
            x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D()(x)
    keras.Model(inputs, x).save(path)


@pytest.fixture
def examine(
    variant: Variant, write_params: WriteParams, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Diagnosis]:
    """Train a recipe on records in full, and diagnose it."""

    def prepare(train: Any) -> Compute:  # determinism is global: other tests should not inherit it
        keras.utils.set_random_seed(train.seed)
        return Compute("cpu", "float32")

    monkeypatch.setattr(stage, "prepare_compute", prepare)

    def run(drawn: Drawn, alive: bool = True, **changes: Any) -> Diagnosis:
        write(drawn)
        small_backbone(project / "small.keras", variant.filters, alive=alive)
        train = {**HEALTHY, "seed": variant.training_seed, **changes}
        recipes = {"mine": {"question": "?", "overrides": {"train": train}}}
        params: Params = write_params({"recipes": recipes})
        resolve.main()
        folder = Path("models/mine")
        folder.mkdir(parents=True)
        job = stage.prepare("mine", read_recipe("mine"), folder, circumstances())
        for step in (stage.augment, stage.probe, stage.train, stage.evaluate):
            step(job)
        measure_recipe("mine")
        found = diagnose(
            read_result("mine", "?", {}), data_of(drawn, params), params.diagnose, params.recipe("mine").train
        )
        print(json.dumps(found._replace(suspects=found.suspects[:3])._asdict(), default=str, indent=1))
        return found

    return run


Examine = Callable[..., Diagnosis]


def shuffled(pictures: list[tuple[int, np.ndarray]], seed: int) -> list[tuple[int, np.ndarray]]:
    order = np.random.default_rng(seed).permutation(len(pictures))
    return [(pictures[other][0], pixels) for other, (_, pixels) in zip(order, pictures, strict=True)]


def brightened(label: int, pixels: np.ndarray) -> np.ndarray:
    """Dogs bright and cats dark, so that a network soon knows better than a wrong label."""
    return (pixels // 3 + np.uint8(150 * label)).astype(np.uint8)


def test_a_healthy_run_is_healthy(examine: Examine, drawn: Drawn) -> None:
    assert examine(drawn).verdict == "healthy"


def test_a_dead_network(examine: Examine, drawn: Drawn) -> None:
    found = examine(drawn, alive=False, phases=[{"trainable": "all", "num_epochs": 4}])
    assert found.verdict == "dead"


def test_vgg16_as_keras_builds_it_on_inputs_of_1_255_is_dead(
    examine: Examine, drawn: Drawn, variant: Variant
) -> None:
    found = examine(
        {split: pictures[: variant.num_vgg16_pictures] for split, pictures in drawn.items()},
        backbone="vgg16",
        input_scaling="zero_to_one",
        learning_rate=0.0001,
        head={"pooling": "flatten", "units": [64]},
        phases=[{"trainable": "all", "num_epochs": variant.num_vgg16_epochs}],
    )
    assert found.verdict == "dead"


def test_shuffled_labels(examine: Examine, drawn: Drawn, variant: Variant) -> None:
    noisy = {split: shuffled(pictures, seed) for seed, (split, pictures) in enumerate(drawn.items())}
    found = examine(noisy, phases=[{"trainable": "all", "num_epochs": variant.num_noise_epochs}])
    assert found.verdict == "label_noise"


@pytest.mark.long
def test_shuffled_labels_where_training_stops_early(examine: Examine, drawn: Drawn) -> None:
    noisy = {split: shuffled(pictures, seed) for seed, (split, pictures) in enumerate(drawn.items())}
    found = examine(noisy, early_stopping={"patience": 2, "min_delta": 0.001})
    assert found.verdict == "label_noise"


def test_some_wrong_labels_are_listed(examine: Examine, drawn: Drawn, variant: Variant) -> None:
    clear = {
        split: [(label, brightened(label, pixels)) for label, pixels in of] for split, of in drawn.items()
    }
    wrong = {
        split: [
            (1 - label if number % 12 == 5 else label, pixels) for number, (label, pixels) in enumerate(of)
        ]
        for split, of in clear.items()
    }
    found = examine(wrong, phases=[{"trainable": "all", "num_epochs": variant.num_noise_epochs}])
    assert found.verdict == "label_noise"
    planted = {f"{split}/{number}.jpg" for split, of in drawn.items() for number in range(5, len(of), 12)}
    listed = [suspect.id for suspect in found.suspects]
    assert len(planted & set(listed)) > len(listed) / 2


def test_a_tiny_training_set_without_regularisation(examine: Examine, drawn: Drawn) -> None:
    tiny = drawn | {"train": drawn["train"][:30]}
    found = examine(tiny, augmentation=[], phases=[{"trainable": "all", "num_epochs": 30}])
    assert found.verdict == "too_few"


@pytest.mark.parametrize("learning_rate", [10.0, pytest.param(1.0, marks=pytest.mark.long)])
def test_a_learning_rate_that_is_far_too_high(examine: Examine, drawn: Drawn, learning_rate: float) -> None:
    found = examine(drawn, phases=[{"trainable": "all", "num_epochs": 5}], learning_rate=learning_rate)
    assert found.verdict == "unstable"


def test_one_epoch_only(examine: Examine, drawn: Drawn) -> None:
    assert examine(drawn, phases=[{"trainable": "all", "num_epochs": 1}]).verdict == "undertrained"


def test_duplicates_across_splits(examine: Examine, drawn: Drawn) -> None:
    mirrored = [(label, np.ascontiguousarray(pixels[:, ::-1])) for label, pixels in drawn["train"][:20]]
    leaky = drawn | {"test": [*drawn["test"][40:], *drawn["train"][40:60], *mirrored]}
    found = examine(leaky, phases=[{"trainable": "all", "num_epochs": 2}])
    assert found.verdict == "leaking"
    assert found.numbers["num_seen_in_training"] == 40


def test_a_network_that_is_too_small_to_learn_underfits(examine: Examine, drawn: Drawn) -> None:
    """A head of one unit on random filters."""
    frozen = [{"trainable": "none", "num_epochs": 60}]
    found = examine(
        drawn, phases=frozen, schedule={"warmup_epochs": 0.0, "decay": "none"}, learning_rate=0.005
    )
    assert found.verdict == "underfitting"
