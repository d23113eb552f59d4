"""What a number's last digits depend on is on record, on any system."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pawtrace.base import processor as processor_module
from pawtrace.base.processor import processor
from pawtrace.lineage.record.environment import environment, in_words

AMD = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
stepping\t: 1
fpu\t\t: yes
flags\t\t: fpu smep avx2 fma hypervisor avx512_bf16

processor\t: 1
model name\t: AMD EPYC
flags\t\t: fpu
"""
ARM = """processor\t: 0
Features\t: fp asimd aes bf16
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd40
CPU revision\t: 1
"""


@pytest.fixture
def one_cpu() -> Iterator[None]:
    """Only one CPU may be used, as by `taskset -c`."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


def say(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    path = folder / "cpuinfo"
    path.write_text(text)
    monkeypatch.setattr(processor_module, "_CPU_INFO", path)


def test_a_processor_is_told_from_another_of_the_same_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    say(monkeypatch, tmp_path, AMD)
    ours = processor()
    assert (ours.name, ours.vendor, ours.family, ours.model, ours.stepping) == (
        "AMD EPYC", "AuthenticAMD", "25", "17", "1",
    )  # fmt: skip
    assert ours.instruction_sets == "avx2 avx512_bf16 fma"  # those that compute
    say(monkeypatch, tmp_path, AMD.replace(": 17", ": 1").replace(" avx512_bf16", ""))
    assert processor() != ours


def test_an_arm_processor_is_told_by_its_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    say(monkeypatch, tmp_path, ARM)
    found = processor()
    assert (found.vendor, found.model, found.instruction_sets) == ("0x41", "0xd40", "asimd bf16 fp")
    assert found.name


def test_without_proc_there_is_a_name_and_the_instructions_that_numpy_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processor_module, "_CPU_INFO", tmp_path / "none")
    found = environment()
    assert found.processor.name
    assert found.numpy_instruction_sets
    assert found.num_threads >= 1


def test_macos_is_asked_by_sysctl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = (
        "machdep.cpu.brand_string: Intel(R) Core(TM) i7\nmachdep.cpu.family: 6\nmachdep.cpu.stepping: 10\n"
        "machdep.cpu.vendor: GenuineIntel\nmachdep.cpu.features: FPU SSE FMA\n"
        "machdep.cpu.leaf7_features: AVX2\n"
    )
    monkeypatch.setattr(processor_module, "_CPU_INFO", tmp_path / "none")
    monkeypatch.setattr(processor_module.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(
        processor_module.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, said)
    )
    found = processor()
    assert (found.name, found.vendor, found.family) == ("Intel(R) Core(TM) i7", "GenuineIntel", "6")
    assert found.instruction_sets == "avx2 fma sse"


@pytest.mark.usefixtures("one_cpu")
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_threads_are_those_that_the_process_may_use() -> None:
    assert environment().num_threads == 1


def test_settings_that_choose_kernels_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    after = environment()
    assert after.settings["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    assert in_words([before]).keys() ^ in_words([after]).keys() == {"ONEDNN_MAX_CPU_ISA"}


def test_the_kernels_of_the_linear_algebra_are_recorded() -> None:
    assert any("openblas" in library or "mkl" in library for library in environment().blas)


def test_work_that_went_on_elsewhere_names_both_in_order() -> None:
    here = environment()
    there = here.model_copy(update={"num_threads": 64})
    assert in_words([here, there])["threads"] == f"{here.num_threads} then 64"
    assert in_words([here, here]) == in_words([here])
