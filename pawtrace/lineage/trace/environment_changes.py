"""What differs between the computing environments in which a recipe was made at two revisions."""

from collections.abc import Iterator, Mapping

from pawtrace.lineage.record.environment import Environment, in_words
from pawtrace.lineage.record.provenance import ReportedProvenance

WHOLE = "computing environment"  # where only one revision recorded it
_NOT_SET = "not set"


def environment_differences(
    old: ReportedProvenance, new: ReportedProvenance
) -> Iterator[tuple[str, str, str]]:
    """What differs of libraries, machine, processor, threads and settings.

    Yields:
      What, how it was, how it is.
    """
    environments = [_environments(provenance) for provenance in (old, new)]
    yield from _differing(old.libraries, new.libraries)
    # Both also tell of processor and threads, where the environment says more.
    told = {"num_cpus", "device_name"} if all(environments) and old.machine.device == "cpu" else set()
    machines = [provenance.machine.model_dump(exclude=told) for provenance in (old, new)]
    yield from _differing(*machines)
    words = [in_words(of_revision) for of_revision in environments]
    if all(environments):
        for what, before, after in _differing(*words):
            yield (
                what,
                *(_only_in_one(before, after) if what.endswith("instruction sets") else (before, after)),
            )
    elif any(environments):
        before, after = (
            f"{side['processor']}, {side['threads']} threads" if side else "not recorded" for side in words
        )
        yield WHOLE, before, after


def _environments(provenance: ReportedProvenance) -> list[Environment]:
    """Those of all runs that trained or predicted, each once."""
    runs = [*provenance.training.runs, *provenance.evaluation.runs]
    every = [run.environment for run in runs if run.environment is not None]
    return [environment for place, environment in enumerate(every) if environment not in every[:place]]


def _only_in_one(before: str, after: str) -> tuple[str, str]:
    """Of two long lists of words, the words that only one of them has."""
    old, new = before.split(), after.split()
    return " ".join(w for w in old if w not in new) or "no more", " ".join(
        w for w in new if w not in old
    ) or "no more"


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for name in {**old, **new}:
        before, after = old.get(name, _NOT_SET), new.get(name, _NOT_SET)
        if before != after:
            yield name, _shown(before), _shown(after)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
