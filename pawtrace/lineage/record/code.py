"""Fingerprints of code and libraries: what a result was made with."""

import ast
import contextlib
import functools
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

from pawtrace.base.files import fingerprint

ROOT = Path(__file__).parents[3]  # the project's folder
FIRST_PARTY = ("pawtrace", "stages", "flows")
# How work is started, locked and shown changes no result: no stage watches it.
_HOW_IT_RUNS = ("flows", "pawtrace/running", "stages/__init__.py")
_PARSE_TRIES = 100
# The libraries whose versions can change a trained model, whatever Keras computes with.
_TRAINING_LIBRARIES = (
    "albumentations", "keras", "numpy", "opencv-python-headless", "scikit-learn", "scipy", "tensorflow",
)  # fmt: skip
_OF_BACKEND = {"jax": ("jax", "jaxlib"), "torch": ("torch",)}
_MEASURING_LIBRARIES = ("numpy", "scipy")


def library_versions(backend: str) -> dict[str, str]:
    """The installed versions of the libraries that train and predict, with Keras on that backend."""
    names = (*_TRAINING_LIBRARIES, *_OF_BACKEND.get(backend, ()))
    return {name: importlib.metadata.version(name) for name in names}


def measuring_versions() -> dict[str, str]:
    """The installed versions of the libraries that measure predictions: one may draw other resamples."""
    return {name: importlib.metadata.version(name) for name in _MEASURING_LIBRARIES}


def modules_reached(entry: Path, root: Path = ROOT) -> list[Path]:
    """The first-party files that decide what a module does: itself and what it imports, directly or not.

    What only says how work runs is passed over, and so is what is reached through that alone.

    Args:
      entry: the module's file, below `root`.
      root: the project's folder.
    Returns:
      Paths relative to `root`, sorted; packages' __init__.py files included.
    """
    reached: set[Path] = set()
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        relative = path.relative_to(root)
        if relative in reached or (path != entry and any(map(relative.is_relative_to, _HOW_IT_RUNS))):
            continue
        reached.add(relative)
        waiting += [parent / "__init__.py" for parent in path.parents if (parent / "__init__.py").exists()]
        waiting += _imported_files(path, root)
    return sorted(reached)


def code_fingerprint(paths: Iterable[Path], root: Path) -> str:
    """A fingerprint of what code does: comments, docstrings and layout do not change it."""
    return fingerprint(module_fingerprints(paths, root))


def module_fingerprints(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """The fingerprint of each module: of what it does, as `meaning` has it."""
    return {str(path): _meaning_fingerprint((root / path).read_bytes()) for path in paths}


@functools.cache  # a process asks for the same modules again and again: of each of its steps, of each seed
def _meaning_fingerprint(source: bytes) -> str:
    return fingerprint(meaning(source))


def meaning(source: bytes) -> str:
    """What Python source does, as text: comments, docstrings and layout do not change it.

    Raises:
      SyntaxError: it is no Python.
    """
    tree = _parsed(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return ast.dump(tree)


def _parsed(source: bytes) -> ast.Module:
    """The syntax tree of a module.

    Pythons before 3.11.8 and 3.12.2 fail where another thread parses too, as Prefect's do (gh-106905).
    """
    for _ in range(_PARSE_TRIES):
        with contextlib.suppress(SystemError):
            return ast.parse(source)
    return ast.parse(source)


def _imported_files(path: Path, root: Path) -> list[Path]:
    files = []
    for name in _imported_names(path.read_bytes()):
        if name.split(".")[0] in FIRST_PARTY:
            place = root.joinpath(*name.split("."))
            files += [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.exists()]
    return files


@functools.cache
def _imported_names(source: bytes) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)
