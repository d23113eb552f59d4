"""Checkpoints: everything that an interrupted run needs to resume with the same result.

One file holds the whole state at one step, so it is always consistent.
"""

import json
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from pawtrace.base.files import new_file
from pawtrace.learning.hosts import agreed, is_chief

_NUM_KEPT = 2  # the newest, and the one before in case that one is damaged
_STATE = "state"
Arrays = list[np.ndarray]


class Checkpoint(NamedTuple):
    """A run at one step."""

    state: dict[str, Any]  # epoch, step, history, best so far, early stopping: whatever JSON holds
    model: Arrays  # all variables, those of random generators included
    optimizer: Arrays
    best: Arrays  # weights of the best epoch so far; empty before the first epoch's end


class Checkpoints:
    """The checkpoints of one run, in one folder."""

    def __init__(self, folder: Path) -> None:
        """Look into a folder; it need not exist."""
        self._folder = folder

    @property
    def newest(self) -> Path | None:
        """The file that was written last."""
        files = self._files()
        return files[-1] if files else None

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint beside, flush it, rename it; then drop all but the newest ones."""
        files = self._files()
        number = int(files[-1].stem) + 1 if files else 0
        groups = {name: getattr(checkpoint, name) for name in Checkpoint._fields if name != _STATE}
        arrays: dict[str, Any] = {
            f"{group}.{n}": array for group, values in groups.items() for n, array in enumerate(values)
        }
        arrays[_STATE] = np.frombuffer(json.dumps(checkpoint.state).encode(), np.uint8)
        with new_file(self._folder / f"{number:06d}.npz") as partial, partial.open("wb") as file:
            np.savez(file, **arrays)
        for old in self._files()[:-_NUM_KEPT]:
            old.unlink()

    def load(self) -> Checkpoint | None:
        """The newest readable checkpoint, on all hosts that of the chief; see `_newest_readable`."""
        found = self._newest_readable() if is_chief() else None
        # By its name: a listing of a shared folder may be old.
        name = agreed(lambda: self.newest.name if self.newest else None)
        return found if is_chief() or name is None else _read(self._folder / name)

    def _newest_readable(self) -> Checkpoint | None:
        """Says so when that is not the newest one.

        A damaged file is removed: what it would have held is trained again.
        """
        for path in reversed(self._files()):
            try:
                return _read(path)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                error_text = " ".join(str(error).split())[:120]
                print(f"{path} cannot be read ({error_text}): using the previous checkpoint", flush=True)
                path.unlink()
        return None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.npz"))


def values_of(variables: list[keras.Variable]) -> Arrays:
    """The values of variables as arrays of their own."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: list[keras.Variable], values: Arrays) -> None:
    """Give variables the values that they had."""
    for variable, value in zip(variables, values, strict=True):
        # numpy has no bfloat16: a file gives it back as two plain bytes.
        kind = keras.ops.convert_to_numpy(variable).dtype
        variable.assign(value.view(kind) if value.dtype.kind == "V" else value)


def _read(path: Path) -> Checkpoint:
    groups: dict[str, Arrays] = {name: [] for name in Checkpoint._fields if name != _STATE}
    # Reading checks each member's CRC. numpy would leave a file open that is no zip.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
        for name in content.files:
            if name != _STATE:
                groups[name.partition(".")[0]].append(content[name])
        return Checkpoint(json.loads(content[_STATE].tobytes()), **groups)
