"""The same predictions give the same numbers, bit for bit, whatever instructions and threads compute them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pawtrace.evaluation.metrics import ln
from pawtrace.evaluation.predictions import write_predictions
from tests.results.made_up_results import made_up_predictions

MEASURE = """
import json, pathlib, sys
from pawtrace.config.sections import MeasureParams
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.predictions import read_predictions
params = MeasureParams(num_bootstrap=200, bootstrap_seed=0, calibration_bins=10)
print(json.dumps(evaluate_predictions(read_predictions(pathlib.Path(sys.argv[1])), params)))
"""
SPLITS = {"train": 1155, "validation": 249, "test": 2501}


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a model predicted in float32, on a file."""
    path = tmp_path_factory.mktemp("predictions") / "predictions.csv"
    by_split = {split: made_up_predictions(1.3, number) for split, number in SPLITS.items()}
    for of_split in by_split.values():
        of_split.probabilities[:] = of_split.probabilities.astype(np.float32)
    write_predictions(path, by_split)
    return path


def measured(path: Path, settings: dict[str, str], *before: str) -> str:
    """All that is measured, unrounded, in a process of its own."""
    command = [*before, sys.executable, "-c", MEASURE, str(path)]
    environment = os.environ | settings
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow  # starts Python five times
def test_no_instruction_set_library_or_number_of_threads_changes_a_bit(predictions: Path) -> None:
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    plain = measured(predictions, {})
    others = {
        "NumPy without": measured(predictions, {"NPY_DISABLE_CPU_FEATURES": " ".join(found)}),
        "old kernels": measured(predictions, {"OPENBLAS_CORETYPE": "Prescott"}),
        "no FMA": measured(predictions, {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F"}),
    }
    if shutil.which("taskset"):
        others["one CPU"] = measured(predictions, {}, "taskset", "-c", str(min(os.sched_getaffinity(0))))
    assert {name: other == plain for name, other in others.items()} == dict.fromkeys(others, True)


def test_the_logarithm_is_right_to_the_last_digits() -> None:
    random = np.random.default_rng(0)
    values = np.concatenate([random.random(10_000), 2.0 ** -np.arange(24), [1e-7, 1 - 1e-7, 1 - 2**-53]])
    np.testing.assert_allclose(ln(values), np.log(values), rtol=1e-15, atol=1e-300)
    assert ln(np.array([1.0])) == 0
