"""Numbers that another processor, other threads or other settings moved are put down to them."""

import pytest

from pawtrace.base.processor import Processor
from pawtrace.lineage.record.environment import Environment, environment
from pawtrace.lineage.record.provenance import Provenance, Work
from pawtrace.lineage.trace import trace_text
from tests.lineage.made_up_provenance import made_up_provenance
from tests.lineage.traced_project import TracedProject
from tests.lineage.traces import of, traced_between


def made_in(environment: Environment, provenance: Provenance, **changes: object) -> Work:
    """The training, as one that went on in another environment."""
    there = environment.model_copy(update=changes)
    (run,) = provenance.training.runs
    return Work(runs=[run.model_copy(update={"environment": there})], duration_s=60.0)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"num_threads": 1}, "threads 2 -> 1"),
        ({"settings": {"ONEDNN_MAX_CPU_ISA": "AVX2"}}, "ONEDNN_MAX_CPU_ISA not set -> AVX2"),
        ({"blas": ["openblas 0.3.31 Haswell, 2 threads"]}, "BLAS openblas"),
        ({"processor": Processor(name="A Processor", stepping="2")}, "stepping 1 -> A Processor, stepping 2"),
    ],
)
def test_another_computing_environment_explains_what_moved(
    traced: TracedProject, changes: dict[str, object], what: str
) -> None:
    here = Environment(
        processor=Processor(name="A Processor", stepping="1", instruction_sets="avx2 fma"),
        num_threads=2, numpy_instruction_sets="X86_V3", blas=["openblas 0.3.31 SkylakeX, 2 threads"],
        settings={}, libc="glibc 2.36",
    )  # fmt: skip
    provenance = made_up_provenance("plain")
    work = made_in(here, provenance)
    traced.provenance = {"training": work, "evaluation": work}
    traced.run()
    traced.commit("here")
    traced.num_right["plain"] = 70
    traced.run()
    assert traced_between().unexplained == ["plain"]  # the same environment
    there = made_in(here, provenance, **changes)
    traced.provenance = {"training": there, "evaluation": there}
    traced.run()
    found = traced_between()
    assert found.unexplained == []
    text = trace_text.as_text(found)
    assert "computing environment (" in text
    assert what in text


def test_where_only_one_revision_recorded_its_environment_that_is_said(traced: TracedProject) -> None:
    traced.provenance = {"training": made_in(environment(), made_up_provenance("plain"))}
    traced.num_right["plain"] = 70
    traced.run()
    (cause,) = of(traced_between(), "plain").causes
    assert (cause.what, cause.old) == ("computing environment", "not recorded")


def test_another_environment_that_moves_nothing_is_no_movement(traced: TracedProject) -> None:
    traced.provenance = {"training": made_in(environment(), made_up_provenance("plain"))}
    traced.noise = 1e-16
    traced.run()
    assert of(traced_between(), "plain").verdict == "unmoved"
