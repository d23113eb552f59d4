"""What libraries write as they start is left out, and nothing else is."""

import os
import re
import subprocess
import sys

import pytest

from pawtrace.running.loudness import STARTUP_LINE
from tests.conftest import ROOT

CHATTER = [  # as TensorFlow 2.21 writes it on a machine without a GPU
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795745504.900832    1425 port.cc:153] oneDNN custom operations are on.",
    "I0000 00:00:1795745477.401288    1367 cpu_feature_guard.cc:227] This TensorFlow binary is optimized",
    "To enable the following instructions: AVX2 AVX512F, in other operations, rebuild TensorFlow",
    "E0000 00:00:1795745488.327573    1367 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error",
    "2026-11-27 02:09:14.123456: W tensorflow/core/framework/allocator.cc:84] Allocation of 1 exceeds 10 %",
    "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
]
WORDS = [
    "E0000 00:00:1795745488.327573    1367 gpu_device.cc:52] Out of memory",
    "terminate called after throwing an instance of 'std::bad_alloc'",
    "WARNING: the photo is blank",
    "I am no line of a library",
]


@pytest.mark.parametrize("line", CHATTER)
def test_chatter_is_known(line: str) -> None:
    assert re.search(STARTUP_LINE, line)


@pytest.mark.parametrize("line", WORDS)
def test_words_are_no_chatter(line: str) -> None:
    assert not re.search(STARTUP_LINE, line)


@pytest.mark.parametrize("ending", ["pass", "os.abort()"])
def test_only_chatter_of_libraries_is_left_out_also_of_a_crash(ending: str) -> None:
    code = (
        "import os, sys; from pawtrace.running.loudness import hide_startup_lines; hide_startup_lines(); "
        "print('by Python', file=sys.stderr); "
        f"os.write(2, {chr(10).join([*CHATTER, *WORDS]).encode()!r} + b'\\nlast words'); {ending}"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stderr.splitlines() == ["by Python", *WORDS, "last words"]


@pytest.mark.parametrize(
    ("loudness", "has_bar"),
    [
        ("is_quiet=False, is_verbose=False", False),
        ("is_quiet=True, is_verbose=False", False),
        ("is_quiet=False, is_verbose=True", True),
    ],
)
def test_what_takes_tenths_of_a_second_has_no_progress_bar(loudness: str, has_bar: bool) -> None:
    code = (
        f"from pawtrace.running.loudness import choose; choose({loudness}); "
        "from pawtrace.base.ordered import ordered_map; "
        "list(ordered_map(str, range(9), title='nine', total=9))"
    )
    # Without what commands that other tests ran in this process have chosen.
    env = {name: value for name, value in os.environ.items() if not name.startswith("TQDM_")}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert ("nine" in ended.stderr) == has_bar


@pytest.mark.parametrize("is_verbose", [True, False])
def test_what_tensorflow_warns_of_in_python_is_for_those_who_ask(is_verbose: bool) -> None:
    code = (
        f"from pawtrace.running.loudness import choose; choose(is_quiet=False, is_verbose={is_verbose}); "
        "import logging; logging.getLogger('tensorflow').warning('retracing')"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ("retracing" in ended.stderr) == is_verbose
