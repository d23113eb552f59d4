"""Learning on Keras's JAX backend, in an environment that has no TensorFlow."""

import csv
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT, write_records
from tests.learning.tiny import tiny_backbone, tiny_train

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

EVERY_MODULE = """
import importlib, pkgutil, sys
for name in ("pawtrace.learning", "pawtrace.dataset.examples", "pawtrace.evaluation"):
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        importlib.import_module(module.name)
print([name for name in sys.modules if name.partition(".")[0] == "tensorflow"])
"""
HISTORY = """
import json
from pathlib import Path
import keras, numpy
from pawtrace.config.train_params import TrainParams
from pawtrace.dataset.examples.shards import open_records
from pawtrace.learning import fit
from pawtrace.learning.checkpoints import assign, values_of
from pawtrace.learning.device import prepare_compute
from pawtrace.learning.training import train_classifier

build, start = fit.build_classifier, Path("start.npz")

def with_the_same_start(train):
    classifier = build(train)  # random numbers are each backend's own
    if start.exists():
        with numpy.load(start) as content:
            assign(classifier.whole.weights, [content[name] for name in content.files])
    else:
        numpy.savez(start, *values_of(classifier.whole.weights))
    return classifier

fit.build_classifier = with_the_same_start
train = TrainParams.model_validate_json(Path("train.json").read_text())
work = Path("on_" + keras.backend.backend())  # a folder `tensorflow` would be taken for the package
work.mkdir()
train_classifier(train, open_records(Path("records")), work, prepare_compute(train))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with links to every installed package but TensorFlow's."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    here = Path(sysconfig.get_path("purelib"))
    there = folder / here.relative_to(sys.prefix)
    for package in here.iterdir():
        if not package.name.startswith(("tensorflow", "tf_keras", "tf2onnx", "__editable__", "pawtrace")):
            (there / package.name).symlink_to(package)
    return folder / "bin/python"


def said(python: Path, *words: str, backend: str = "jax", cwd: Path = ROOT, timeout: int = 900) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [python, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


def test_there_is_no_tensorflow_and_no_module_asks_for_it(python: Path) -> None:
    found = said(python, "-c", "import importlib.util as u; print(u.find_spec('tensorflow'))")
    assert found.strip() == "None"
    assert said(python, "-c", EVERY_MODULE).splitlines()[-1] == "[]"


@pytest.mark.long
@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("test_resume.py", "killed_at_random_moments and 2"),
        ("test_learner.py", ""),
        ("test_failures.py", ""),
        ("test_probes.py", "learn or twice"),
    ],
)
def test_what_holds_on_tensorflow_holds_without_it(python: Path, file: str, names: str) -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/learning/{file}", "-k", names]
    assert " passed" in said(python, *words)


@pytest.mark.long
def test_from_the_same_weights_it_learns_what_tensorflow_learns(python: Path, tmp_path: Path) -> None:
    write_records(tmp_path / "records", {"train": 48, "validation": 32, "test": 8})
    train = tiny_train(
        backbone=str(tiny_backbone(tmp_path / "b.keras")),
        head={"pooling": "average", "units": [8]},
        phases=[{"trainable": "none", "num_epochs": 2}, {"trainable": "all", "num_epochs": 4}],
        learning_rate=0.01,
    )
    (tmp_path / "train.json").write_text(train.model_dump_json())
    said(Path(sys.executable), "-c", HISTORY, backend="tensorflow", cwd=tmp_path)
    said(python, "-c", HISTORY, cwd=tmp_path)
    histories = [
        list(csv.DictReader((tmp_path / f"on_{backend}/history.csv").read_text().splitlines()))
        for backend in ("tensorflow", "jax")
    ]
    for on_tensorflow, on_jax in zip(*histories, strict=True):
        for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert float(on_jax[name]) == pytest.approx(float(on_tensorflow[name]), rel=0.01)


@pytest.mark.long
def test_the_benchmark_of_a_gpu_runs_small_on_a_cpu_and_goes_on_where_it_was(
    python: Path, tmp_path: Path
) -> None:
    (tmp_path / "profiles").symlink_to(ROOT / "profiles")
    table = said(python, "-m", "benchmarks.gpu", cwd=tmp_path)
    file = tmp_path / table.splitlines()[-1]
    content = json.loads(file.read_text())
    assert not [row for row in content["steps"].values() if "failed" in row]
    assert {name.split("/")[0] for name in content["steps"]} == {
        *("product", "synthetic", "deterministic", "records", "frozen", "recipe")
    }
    (measured,) = (row for name, row in content["steps"].items() if name.startswith("synthetic"))
    assert measured["images_per_s"] > 0
    assert 0 <= measured["waiting_share"] <= 1
    last = "recipe/from_scratch_normalized"
    del content["steps"][last]
    file.write_text(json.dumps(content))
    said(python, "-m", "benchmarks.gpu", cwd=tmp_path)
    again = json.loads(file.read_text())
    assert again["steps"].pop(last)["test_accuracy"] >= 0
    assert again == content
