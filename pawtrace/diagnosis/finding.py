"""What a rule finds: whether its verdict applies, with the number, its limit and a sentence."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

Facts = TypeVar("Facts")
Numbers = dict[str, float | str]


class NotKnown(Exception):  # noqa: N818  # no error: it ends a rule
    """A rule lacks a measurement; the message says which."""


class Finding(NamedTuple):
    """The outcome of a rule."""

    applies: bool
    measure: str  # what was measured, in words
    value: str  # the number, as a person reads it
    limit: str  # from where on the verdict applies
    sentence: str = ""  # why it applies
    numbers: Numbers = {}  # the evidence by name; shares 0..1
    cause: str = ""  # which of the verdict's causes it is: a name in `cures`


def applying(rule: Callable[[Facts], Finding], facts: Facts) -> Finding | None:
    """What a rule finds if its verdict applies; None if it does not, or if the rule lacks a measurement."""
    try:
        finding = rule(facts)
    except NotKnown:
        return None
    return finding if finding.applies else None


class Check(NamedTuple):
    """A verdict, asked."""

    verdict: str
    state: str  # passed, failed or not known
    measure: str
    value: str
    limit: str
