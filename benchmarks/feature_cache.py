"""A frozen backbone: epochs on features computed once against epochs that compute them anew.

Both train the same head on the same augmented views with the same backbone; the time of an epoch
without computing the features, the time of that one computation, and both accuracies are printed.
Real photos: PAWTRACE_PETS_ARCHIVE (an archive) and PAWTRACE_BACKBONE (a .keras file); else drawn
pictures and VGG16 with random weights.
Run: python -m benchmarks.feature_cache
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import keras

from pawtrace.base.files import write_text
from pawtrace.base.yaml_files import read_yaml, yaml_text
from pawtrace.config.params import load_params, merged
from pawtrace.config.train_params import Phase, TrainParams
from pawtrace.dataset.examples.shards import Records, open_records
from pawtrace.learning.device import Compute, prepare_compute, spread_over_devices
from pawtrace.learning.inputs.augmentation import AugmentedView
from pawtrace.learning.inputs.phase_input import FeatureInput, ImageInput
from pawtrace.learning.learner import Learner, numbers_of
from pawtrace.learning.networks.model import build_classifier
from pawtrace.learning.networks.phases import set_trainable
from pawtrace.learning.progress import Progress
from stages import download, preprocess, split

ARCHIVE, BACKBONE = (os.environ.get(f"PAWTRACE_{name}") for name in ("PETS_ARCHIVE", "BACKBONE"))
NUM_EPOCHS = 3
PHASE = Phase(trainable="none", num_epochs=NUM_EPOCHS)
REAL: dict[str, Any] = {
    "data": {"source": "archive", "archive": ARCHIVE},
    "preprocess": {"image_size_px": 227},
    "train": {"image_size_px": 227, "backbone": BACKBONE, "input_scaling": "backbone"},
}


def prepare() -> tuple[TrainParams, dict[str, Records]]:
    """Records in the current folder, and what to train on them."""
    head = {"pooling": "average", "units": [256], "dropout": 0.5}
    content = merged(read_yaml(Path("params.yaml")), {"train": {"head": head, "num_views": NUM_EPOCHS}})
    if ARCHIVE and BACKBONE:
        content = merged(content, REAL)
    content["recipes"] = {"frozen": {"question": "?", "overrides": {}}}
    write_text(Path("params.yaml"), yaml_text(content))
    for stage in (download, split, preprocess):
        stage.main()
    return load_params().recipe("frozen").train, open_records(Path("data/records"))


def epochs(learner: Learner, source: ImageInput | FeatureInput) -> tuple[float, float]:
    """Train all epochs: the fastest one's seconds, and the validation accuracy in the end."""
    times = []
    for epoch in range(NUM_EPOCHS):
        start = time.perf_counter()
        for inputs, labels, _ in spread_over_devices(source.batches(epoch, 0)):
            metrics = learner.begin_step(inputs, labels)
        numbers_of(metrics)  # waits for the last one, and so for all of them
        times.append(time.perf_counter() - start)
    return min(times), learner.measure(source.validation())["accuracy"]


def compare(train: TrainParams, records: dict[str, Records], compute: Compute) -> None:
    """Measure both and print what came out."""
    view = AugmentedView(train.augmentation, train.seed)
    num_steps = -(-len(records["train"]) // train.batch_size)
    found = {}
    for name in ("features computed once", "computed in every epoch"):
        keras.utils.set_random_seed(train.seed)
        classifier = build_classifier(train)
        set_trainable(classifier.backbone, "none")
        start = time.perf_counter()
        cached = name == "features computed once"
        source: FeatureInput | ImageInput = (
            FeatureInput(train, records, view, classifier, Progress(), Path("features.npy"))
            if cached
            else ImageInput(train, PHASE, records, view, classifier)
        )
        computing_s = time.perf_counter() - start
        learner = Learner(train, PHASE, classifier, source.model, num_steps, compute)
        with contextlib.closing(source):
            epoch_s, accuracy = epochs(learner, source)
        found[name] = epoch_s
        extra = f", computing {NUM_EPOCHS} views took {computing_s:.1f} s" if cached else ""
        print(f"{name}: {epoch_s:.2f} s an epoch, validation accuracy {accuracy:.3f}{extra}", flush=True)
    once, anew = found.values()
    print(f"an epoch is {anew / once:.0f} times as fast on features computed once")


def main() -> None:
    """Run in a temporary folder."""
    params = Path("params.yaml").resolve()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(params, folder)
        os.chdir(folder)
        train, records = prepare()
        compare(train, records, prepare_compute(train))
        os.chdir(params.parent)


if __name__ == "__main__":
    main()
