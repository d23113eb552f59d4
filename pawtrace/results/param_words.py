"""How values of params are written in sentences and tables."""

from collections.abc import Mapping, Sequence
from typing import Any


def param_words(value: Any) -> str:
    """A value in a few characters: of transforms the names, of phases what trains for how long."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case {"name": name, "arguments": _}:
            return str(name)
        case {"trainable": part, "num_epochs": num_epochs, "learning_rate": rate}:
            return f"{part} x {num_epochs}" + ("" if rate is None else f" at {rate:g}")
        case Mapping():
            return "{" + ", ".join(f"{key}: {param_words(part)}" for key, part in value.items()) + "}"
        case str():
            return value
        case Sequence():
            return ", ".join(map(param_words, value)) or "none"
    return str(value)
