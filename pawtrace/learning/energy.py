"""The energy that a device says it has used, where it says so."""

from collections.abc import Callable
from pathlib import Path

Counter = Callable[[], float]  # joules, from some moment on

_RAPL = Path("/sys/class/powercap")


def energy_counter(device: str) -> Counter | None:
    """A counter of the energy that all GPUs, or all processor packages, use.

    Args:
      device: gpu | cpu.
    Returns:
      None where the device, or this user's rights, give no reading.
    """
    return _gpu_counter() if device == "gpu" else _cpu_counter(_RAPL)


def _gpu_counter() -> Counter | None:
    """NVML's counter, in mJ since the driver was loaded (Volta and later)."""
    import pynvml

    try:
        pynvml.nvmlInit()
        gpus = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]

        def read() -> float:
            return float(sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) for gpu in gpus) / 1e3)

        read()
    except pynvml.NVMLError:
        return None
    return read


def _cpu_counter(folder: Path) -> Counter | None:
    """Linux's powercap counters of the packages, in uJ. They wrap, within an hour or so: followed up."""
    try:
        # Others at this level, as `psys`, count the packages' energy once more.
        packages = [
            place for place in sorted(folder.glob("*-rapl:[0-9]*")) if _name(place).startswith("package")
        ]
        last = [_microjoules(package / "energy_uj") for package in packages]
        ranges = [_microjoules(package / "max_energy_range_uj") for package in packages]
    except (OSError, ValueError):
        return None
    if not packages:
        return None
    used = 0

    def read() -> float:
        nonlocal last, used
        try:
            now = [_microjoules(package / "energy_uj") for package in packages]
        except (OSError, ValueError):  # no reason to end a training
            return used / 1e6
        used += sum((new - old) % (top + 1) for new, old, top in zip(now, last, ranges, strict=True))
        last = now
        return used / 1e6

    return read


def _name(place: Path) -> str:
    return (place / "name").read_text(encoding="ascii")


def _microjoules(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
