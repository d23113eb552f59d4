"""Nothing needs /proc, posix_fallocate or another call of Linux alone: as on macOS, where they are missing.

What works is shown by the tests of it, run by a Python from which these are taken away.
"""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

_CRIPPLED = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests/without_linux"), str(ROOT)])}
_QUICK = [  # atomic files, locks, processes, provenance
    "tests/base/test_files.py",
    "tests/running/test_lock.py",
    "tests/running/test_processes.py",
    "tests/lineage/record/test_provenance.py",
]
_SLOW = [  # the promoted link, the device and its precision, workers, features on disk, a training
    "tests/promotion/test_switch.py",
    "tests/learning/test_device.py",
    "tests/learning/inputs/test_workers.py",
    "tests/learning/test_fit.py",
]


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=_CRIPPLED, capture_output=True, text=True, check=False
    )


def test_they_are_missing_there() -> None:
    code = """
import os, pathlib, psutil
assert not hasattr(os, "posix_fallocate") and not hasattr(os, "sched_getaffinity")
assert not os.path.exists("/proc/cpuinfo") and not pathlib.Path("/proc").exists()
assert psutil.Process().ppid() == os.getppid()
open("/proc/cpuinfo")
"""
    assert "FileNotFoundError" in python("-c", code).stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tests", "tier"),
    [(_QUICK, "not slow and not long"), pytest.param(_SLOW, "not long", marks=pytest.mark.long)],
    ids=["running", "learning"],
)
def test_what_stands_on_the_system_works_without_them(tests: list[str], tier: str) -> None:
    ended = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", tier, *tests)
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert " passed" in ended.stdout
