"""A provenance as training writes it, made up."""

from typing import Any

from pawtrace.lineage.record.circumstances import Circumstances
from pawtrace.lineage.record.provenance import Code, Machine, Provenance, Sources, Work

NIGHT = Circumstances(
    start="2026-01-02T03:04:05+00:00", flow_run_id="a-run", git_commit="0f" * 20, uncommitted=[]
)


def made_up_provenance(recipe: str, **changes: Any) -> Provenance:
    """The provenance of a recipe, with changes of its fields."""
    provenance = Provenance(
        recipe=recipe,
        params={"train": {"batch_size": 16, "seed": 0}, "probe": {}, "evaluate": {}},
        seeds=[0],
        data=Sources(raw="raw", splits="splits", records="records"),
        code=Code(fingerprint="code", modules={"pawtrace/learning/fit.py": "fit"}),
        libraries={"keras": "3.15.1", "tensorflow": "2.21.0"},
        machine=Machine(
            device="cpu", device_name="A Processor", num_devices=1, num_cpus=2, precision="float32",
            xla=False, backend="tensorflow", platform="Linux x86_64", python="3.11.7",
        ),
        training=Work(runs=[NIGHT], duration_s=60.0),
        evaluation=Work(runs=[NIGHT], duration_s=2.0),
        duration_s=64.0,
    )  # fmt: skip
    return provenance.model_copy(update=changes)
