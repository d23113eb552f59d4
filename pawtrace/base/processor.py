"""What the processor is, as the operating system says it; without /proc, as far as Python knows."""

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pawtrace.base.stage_outputs import StageOutput

_CPU_INFO = Path("/proc/cpuinfo")
# Of the flags, those of instructions that compute; others tell of the kernel and the virtual machine.
_COMPUTING_FLAGS = (
    "mmx", "sse", "ssse", "pni", "avx", "fma", "f16c", "amx", "bmi", "popcnt", "gfni",
    "asimd", "neon", "sve", "sme", "bf16", "i8mm", "fp",
)  # fmt: skip
_NO_FLAGS = {"fpu", "smep"}


class Processor(StageOutput):
    """What computed, as x86 and Arm name it; a field is empty where the system does not say."""

    name: str
    vendor: str = ""
    family: str = ""
    model: str = ""
    stepping: str = ""
    instruction_sets: str = ""  # such as `avx2 avx512f fma`


def processor() -> Processor:
    """The processor that this process runs on: the first one, where there are several kinds."""
    said = _of_linux() or _of_macos()
    flags = said.get("flags", said.get("Features", "")).split()
    computing = {flag for flag in flags if flag.startswith(_COMPUTING_FLAGS)} - _NO_FLAGS
    return Processor(
        name=said.get("model name") or platform.processor() or platform.machine() or "unknown",
        vendor=said.get("vendor_id", said.get("CPU implementer", "")),
        family=said.get("cpu family", said.get("CPU architecture", "")),
        model=said.get("model", said.get("CPU part", "")),
        stepping=said.get("stepping", said.get("CPU revision", "")),
        instruction_sets=" ".join(sorted(computing)),
    )


def _of_linux() -> Mapping[str, str]:
    try:
        first = _CPU_INFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    return _fields(first)


def _of_macos() -> Mapping[str, str]:
    """What sysctl says, under Linux's names."""
    if platform.system() != "Darwin":
        return {}
    try:
        ended = subprocess.run(["sysctl", "machdep.cpu"], capture_output=True, text=True, check=False)
    except OSError:
        return {}
    said = _fields(ended.stdout)
    names = {
        "brand_string": "model name", "vendor": "vendor_id", "family": "cpu family", "model": "model",
        "stepping": "stepping",
    }  # fmt: skip
    known = {names[key]: said[f"machdep.cpu.{key}"] for key in names if f"machdep.cpu.{key}" in said}
    features = [said.get(f"machdep.cpu.{key}", "") for key in ("features", "leaf7_features")]
    return {**known, "flags": " ".join(features).lower()}


def _fields(text: str) -> dict[str, str]:
    lines = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}
