"""How well a GPU is used: VGG16's training against the device's plain matrix product.

The benchmark needs no network and no TensorFlow. It uses the installed Keras backend; KERAS_BACKEND selects
another one. Each step runs in its own process for at most two minutes, and its result is saved at once, so an
interrupted benchmark continues where it stopped. Delete the JSON file to measure again. On a CPU the settings
are small. The real records hold drawn pictures, or the photos of the zip that PAWTRACE_PETS_ARCHIVE names.
Run: python -m benchmarks.gpu   (leaves .pawtrace/benchmarks/gpu-<backend>-<device>.json)
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

os.environ.setdefault(
    "KERAS_BACKEND", next(name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name))
)
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # or peak memory says nothing

import keras

from benchmarks.gpu_sizes import steps
from benchmarks.gpu_steps import Row, vgg16
from pawtrace.base.files import write_json
from pawtrace.config import paths
from pawtrace.learning.device import choose_compute, device_name

LIMIT_S = 120


def run_step(name: str) -> Row:
    """Measure one step in a process of its own; what goes wrong is its row."""
    environment = dict(os.environ)
    if name.startswith("deterministic"):
        flags = environment.get("XLA_FLAGS", "")
        environment["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    words = [sys.executable, "-m", "benchmarks.gpu_steps", name]
    try:
        ended = subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"longer than {LIMIT_S} s"}
    if ended.returncode != 0:
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        return {"failed": lines[-1][:200] if lines else f"exit {ended.returncode}"}
    row: Row = json.loads(ended.stdout.splitlines()[-1])
    return row


def table(content: dict[str, Any]) -> Iterator[str]:
    """The results so far, as lines."""
    rows = content["steps"]
    yield f"{content['device']}, {content['backend']}, Keras {keras.__version__}"
    yield f"{'step':36s} {'images/s':>9s} {'TFLOP/s':>8s} {'of product':>10s} {'waiting':>8s} {'memory':>9s}"
    for name in filter(rows.__contains__, steps(content["kind"])):
        row = rows[name]
        if "failed" in row:
            yield f"{name:36s} {row['failed']}"
            continue
        precision = "float32" if "float32" in name else "bfloat16"
        product = rows.get(f"product/{precision}", {}).get("tflops")
        share = row["tflops"] / product if product and "tflops" in row else None
        memory = row.get("peak_memory_gib")
        cells = [
            f"{row['images_per_s']:9.0f}" if "images_per_s" in row else " " * 9,
            f"{row['tflops']:8.3g}" if "tflops" in row else " " * 8,
            f"{share:10.1%}" if share is not None else " " * 10,
            f"{row['waiting_share']:8.1%}" if "waiting_share" in row else " " * 8,
            f"{memory:5.1f} GiB" if memory is not None else "",
        ]
        accuracy = f"  test accuracy {row['test_accuracy']:.3f}" if "test_accuracy" in row else ""
        yield f"{name:36s} {' '.join(cells)}{accuracy}"


def main() -> None:
    """Run what has not been run yet, then print the table."""
    device = choose_compute(vgg16("float32", 1)).device
    backend, name = keras.backend.backend(), device_name(device)
    file = paths.WORK / "benchmarks" / f"gpu-{backend}-{''.join(filter(str.isalnum, name))}.json"
    content: dict[str, Any] = {"device": name, "kind": device, "backend": backend, "steps": {}}
    if file.exists():
        content = json.loads(file.read_text(encoding="utf-8"))
    for step in steps(device):
        if step in content["steps"]:
            continue
        print(f"{step} ...", file=sys.stderr, flush=True)
        content["steps"][step] = run_step(step)
        write_json(file, content)
    print("\n".join(table(content)))
    print(file)


if __name__ == "__main__":
    main()
