"""Nested mappings as one, keys joined by dots: `train.batch_size`."""

from collections.abc import Mapping
from typing import Any


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten a mapping of mappings; lists, and empty mappings, stay whole."""
    result: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            result |= flat(value, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = value
    return result
