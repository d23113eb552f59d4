"""The computing environment: what changes a number's last digits, though data, params and code are the same.

The instruction set decides the order of sums, and so do the threads; settings choose among kernels.
"""

import importlib.metadata
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from joblib import cpu_count
from threadpoolctl import threadpool_info

from pawtrace.base.compute_settings import settings
from pawtrace.base.processor import Processor, processor
from pawtrace.base.stage_outputs import StageOutput

_NVIDIA_DRIVER = Path("/sys/module/nvidia/version")


class Environment(StageOutput):
    """What a process computed with, besides the libraries whose versions provenance has."""

    processor: Processor
    num_threads: int  # that may run at once: affinity and the cgroup's quota are respected
    numpy_instruction_sets: str  # that NumPy uses, as it names them
    blas: list[str]  # each library: name, version, kernels, threads
    settings: dict[str, str]  # environment variables that are set
    libc: str
    nvidia: dict[str, str] = {}  # driver and libraries, where there is a driver


def environment() -> Environment:
    """That of this process."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return Environment(
        processor=processor(),
        num_threads=cpu_count(),
        numpy_instruction_sets=" ".join([*simd["baseline"], *simd.get("found", [])]),
        blas=_blas(),
        settings=settings(),
        libc=" ".join(platform.libc_ver()).strip(),
        nvidia=_nvidia(),
    )


def in_words(environments: Sequence[Environment]) -> dict[str, str]:
    """Environments in which one piece of work was done, one after another: what -> how it was."""
    named = [_named(environment) for environment in environments]
    names = dict.fromkeys(name for words in named for name in words)
    values = {name: dict.fromkeys(words.get(name, "not set") for words in named) for name in names}
    return {name: " then ".join(of_each) for name, of_each in values.items()}


def _named(environment: Environment) -> dict[str, str]:
    cpu = environment.processor
    numbers = {"vendor": cpu.vendor, "family": cpu.family, "model": cpu.model, "stepping": cpu.stepping}
    return {
        "processor": ", ".join([cpu.name, *(f"{name} {value}" for name, value in numbers.items() if value)]),
        "instruction sets": cpu.instruction_sets,
        "threads": str(environment.num_threads),
        "NumPy's instruction sets": environment.numpy_instruction_sets,
        "BLAS": "; ".join(environment.blas),
        "libc": environment.libc,
        **environment.settings,
        **environment.nvidia,
    }


def _blas() -> list[str]:
    """The libraries for linear algebra and threads that are loaded, each once."""
    return sorted(
        {
            f"{pool['internal_api']} {pool['version'] or '?'} {pool.get('architecture', '')}".rstrip()
            + f", {pool['num_threads']} threads"
            for pool in threadpool_info()
        }
    )


def _nvidia() -> dict[str, str]:
    """The versions of what computes on an NVIDIA GPU."""
    try:
        driver = _NVIDIA_DRIVER.read_text(encoding="utf-8").strip()
    except OSError:
        return {}
    names = (package.metadata["Name"] for package in importlib.metadata.distributions())
    libraries = sorted(name for name in names if name and name.startswith("nvidia-"))
    return {"NVIDIA driver": driver, **{name: importlib.metadata.version(name) for name in libraries}}
