"""Energy is what the device says, and nothing where it says nothing."""

from pathlib import Path

import pytest

from pawtrace.learning import energy


def package(folder: Path, number: int, energy_uj: int, name: str = "") -> Path:
    range_uj = 1_000_000
    place = folder / f"intel-rapl:{number}"
    place.mkdir(exist_ok=True)
    (place / "name").write_text(f"{name or f'package-{number}'}\n")
    (place / "energy_uj").write_text(f"{energy_uj}\n")
    (place / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return place


def test_all_packages_count_and_a_counter_may_wrap(tmp_path: Path) -> None:
    package(tmp_path, 0, 999_000)
    package(tmp_path, 1, 10)
    part = tmp_path / "intel-rapl:0:0"  # of package 0
    part.mkdir()
    (part / "name").write_text("core\n")
    package(tmp_path, 2, 0, "psys")  # the whole machine: the packages once more
    read = energy._cpu_counter(tmp_path)
    assert read is not None
    assert read() == 0
    package(tmp_path, 0, 499_999)  # past its top: 2 more to 1,000,001, then these
    package(tmp_path, 1, 500_010)
    assert read() == pytest.approx((501_000 + 500_000) / 1e6)
    package(tmp_path, 2, 900_000, "psys")
    package(tmp_path, 1, 500_020)
    assert read() == pytest.approx((501_000 + 500_010) / 1e6)


def test_without_a_counter_or_the_right_to_read_it_there_is_none(tmp_path: Path) -> None:
    assert energy._cpu_counter(tmp_path) is None
    (package(tmp_path, 0, 1) / "energy_uj").unlink()
    assert energy._cpu_counter(tmp_path) is None


def test_a_counter_that_is_lost_ends_no_training(tmp_path: Path) -> None:
    place = package(tmp_path, 0, 0)
    read = energy._cpu_counter(tmp_path)
    assert read is not None
    package(tmp_path, 0, 300_000)
    assert read() == pytest.approx(0.3)
    (place / "energy_uj").unlink()
    assert read() == pytest.approx(0.3)


def test_a_machine_without_nvidias_library_has_no_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    import pynvml

    def fail() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    assert energy.energy_counter("gpu") is None


def test_a_gpus_counter_is_in_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    import pynvml

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 2)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda number: number)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", lambda gpu: 1000 * (gpu + 1))
    read = energy.energy_counter("gpu")
    assert read is not None
    assert read() == 3.0
