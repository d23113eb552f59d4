"""Nested mappings flattened, and what differs between two of them, in words: `all x 7 -> none x 60`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pawtrace.results.param_words import param_words

NONE = "(none)"  # of a key that only one side has


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten a mapping of mappings; lists, and empty mappings, stay whole."""
    result: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            result |= flat(value, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = value
    return result


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, str, str]]:
    """Compare two mappings, key by key, at any depth.

    A list is compared as a whole; where the words of both lists are the same, item by item.

    Yields:
      The key as a dotted path, as in `train.augmentation[0].arguments.p`, how it was, how it is.
    """
    for key in {**old, **new}:
        if key not in old or key not in new:
            before, after = (param_words(side[key]) if key in side else NONE for side in (old, new))
            yield f"{prefix}{key}", before, after
        else:
            yield from _between(f"{prefix}{key}", old[key], new[key])


def _between(path: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before and after:
        yield from differences(before, after, f"{path}.")
    elif (words := (param_words(before), param_words(after)))[0] != words[1]:
        yield path, *words
    elif isinstance(before, list) and isinstance(after, list):  # of one length, as their words are the same
        for place, (item_before, item_after) in enumerate(zip(before, after, strict=True)):
            yield from _between(f"{path}[{place}]", item_before, item_after)
    else:  # floats that differ in a late digit
        yield path, str(before), str(after)
