"""An archive read as `download` reads it, without TensorFlow; and how much memory that took."""

import json
import os
import resource
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.errors import DataError
from pawtrace.config.sections import DataParams
from pawtrace.dataset.sources.archive import Archive, Member
from pawtrace.dataset.sources.file_map import inspected, map_files
from pawtrace.dataset.sources.labelling import labelling
from tests.dataset.photos import LIMITS, data_params
from tests.dataset.sources.archives.hostile import MAX_FILES

NUM_WORKERS = 2


class Outcome(NamedTuple):
    """What became of an archive."""

    refusal: str | None  # the line, where the whole archive was refused
    kept: dict[str, str]  # path -> label
    rejected: dict[str, str]  # path -> reason


def read_all(path: Path, data: DataParams) -> Outcome:
    """Label and inspect each file of an archive."""
    kept: dict[str, str] = {}
    rejected: dict[str, str] = {}
    try:
        archive = Archive(path, data.limits, follow_links=data.follow_links)
        rules = labelling(data)
        rules.check(path, archive.layout)
        labels = {}

        def with_label() -> Iterator[Member]:
            for member in archive.members():
                where = rules.label(member.name)
                if isinstance(where, str):
                    rejected[member.name] = where
                else:
                    labels[member.name] = where.label
                    yield member

        inspect_each = partial(inspected, max_pixels=data.limits.max_image_pixels)
        for name, content, problem in map_files(inspect_each, with_label(), num_workers=NUM_WORKERS):
            if content is None:
                rejected[name] = str(problem)
            else:
                kept[name] = labels[name]
    except DataError as error:
        return Outcome(str(error), kept, rejected)
    return Outcome(None, kept, rejected)


def _measured(path: Path) -> tuple[float, str]:
    """How many MiB the largest memory of this process grew by, and what became of the archive."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limits = LIMITS.model_dump() | {"max_files": MAX_FILES, "max_unpacked_bytes": 10**9}
    outcome = read_all(path, data_params(limits=limits))
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return growth, outcome.refusal or f"kept {len(outcome.kept)}, rejected {len(outcome.rejected)}"


def main() -> None:
    """Read archives, each in a process of its own that shares nothing but the imports; print JSON."""
    for name in sys.argv[1:]:
        sys.stdout.flush()
        if os.fork() == 0:
            print(json.dumps([name, *_measured(Path(name))]), flush=True)
            os._exit(0)
        _, status = os.wait()
        assert status == 0, name


if __name__ == "__main__":
    main()
