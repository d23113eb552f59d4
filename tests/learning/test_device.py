"""`gpu` without a GPU is an error; `auto` chooses what the hardware is fast at."""

from pathlib import Path

import pytest

from pawtrace.base import processor
from pawtrace.base.errors import DeviceError
from pawtrace.learning import device
from pawtrace.learning.device import Compute, choose_compute
from tests.learning.tiny import tiny_train


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "num_gpus", lambda: 0)


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "num_gpus", lambda: 1)


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_not_there_is_an_error_with_the_next_command() -> None:
    with pytest.raises(DeviceError, match=r"train.device: .*GPU.*run: pip install -e .\[cuda\]"):
        choose_compute(tiny_train(device="gpu"))


@pytest.mark.usefixtures("no_gpu")
def test_auto_without_a_gpu_is_the_cpu() -> None:
    assert choose_compute(tiny_train(device="auto")).device == "cpu"


@pytest.mark.usefixtures("one_gpu")
@pytest.mark.parametrize(
    ("capability", "precision"), [(9, "bfloat16"), (8, "bfloat16"), (7, "float16"), (6, "float32")]
)
def test_a_gpus_generation_decides_the_precision(
    monkeypatch: pytest.MonkeyPatch, capability: int, precision: str
) -> None:
    monkeypatch.setattr(device, "_gpu_compute_capability", lambda: capability)
    assert choose_compute(tiny_train(device="auto", precision="auto")) == Compute("gpu", precision)
    assert choose_compute(tiny_train(device="auto", precision="float32")) == Compute("gpu", "float32")


@pytest.mark.parametrize(
    ("flags", "precision"),
    [("fpu avx512_bf16 sse", "bfloat16"), ("amx_bf16", "bfloat16"), ("fpu avx2", "float32")],
)
def test_a_cpus_flags_decide_the_precision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, precision: str
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    assert choose_compute(tiny_train(device="cpu", precision="auto")) == Compute("cpu", precision)


@pytest.mark.usefixtures("no_gpu")
def test_xla_which_keras_would_ignore_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for xla in ("auto", "never"):
        assert not choose_compute(tiny_train(xla=xla, precision="float32")).xla
    with pytest.raises(DeviceError, match=r"train\.xla: expected auto or never on tensorflow, .* always;"):
        choose_compute(tiny_train(xla="always"))
    monkeypatch.setattr(device.keras.backend, "backend", lambda: "jax")
    for xla in ("auto", "always", "never"):
        assert choose_compute(tiny_train(xla=xla, precision="float32")).xla


@pytest.mark.parametrize(("limit", "precision"), [("AVX2", "float32"), ("avx512_core_amx", "bfloat16")])
@pytest.mark.usefixtures("no_gpu")
def test_where_onednn_may_not_use_bfloat16_it_is_not_chosen_and_not_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, precision: str
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nflags\t\t: amx_bf16\n")
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert choose_compute(tiny_train(device="cpu", precision="auto")) == Compute("cpu", precision)
    if precision == "float32":
        with pytest.raises(DeviceError, match="train.precision: .* limited to AVX2; run: unset"):
            choose_compute(tiny_train(device="cpu", precision="bfloat16"))
