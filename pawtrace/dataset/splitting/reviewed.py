"""Decisions about single photos, applied: which examples are used, with which label."""

from collections.abc import Iterable, Iterator, Mapping

from pawtrace.config.sections import LABELS
from pawtrace.dataset.examples.raw import RawExample
from pawtrace.dataset.splitting.review import Decision


def reviewed(examples: Iterable[RawExample], decisions: Mapping[str, Decision]) -> Iterator[RawExample]:
    """The examples that are not dropped, each with the label that was decided on."""
    for example in examples:
        decision = decisions.get(example.id, "keep")
        if decision in LABELS:
            yield example._replace(label=LABELS.index(decision))
        elif decision == "keep":
            yield example
