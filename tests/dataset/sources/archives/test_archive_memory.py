"""No archive makes memory grow by more than 64 MiB over its largest allowed member, whatever it declares."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pawtrace.dataset.sources.inspection import max_file_bytes
from tests.conftest import ROOT
from tests.dataset.photos import LIMITS
from tests.dataset.sources.archives.hostile import HOSTILE, MIB

pytestmark = [pytest.mark.slow, pytest.mark.long]

# What the line must name. Those that are read list the member instead.
SAID = {
    "bzip2.zip": "bzip2.*Deflate",
    "lzma.zip": "LZMA.*Deflate",
    "bomb.zip": "bomb",
    "absurd_size.zip": "bomb|max_unpacked_bytes",
    "many_entries.zip": "max_files",
    "long_names.zip": "max_files",
    "zip_in_zip.zip": "bomb",
    "pax.tar.gz": "header",
    "long_name.tar.gz": "header",
    "many_digits.tar.gz": "header",
    "global_pax.tar.gz": "header|max_unpacked_bytes",
    "long_name_chain.tar.gz": "header|damaged",
    "sparse_map.tar.gz": "header|max_unpacked_bytes",
    "many_members.tar": "max_files",
    "dictionary.tar.xz": "memory.*xz",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, str]]:
    """By archive: growth in MiB, and what was said."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for name, write in HOSTILE.items():
        write(folder / name)
        paths.append(folder / name)
    command = [sys.executable, "-m", "tests.dataset.sources.archives.reading", *map(str, paths)]
    start = time.monotonic()
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    assert time.monotonic() - start < 20 * len(paths)
    lines = (json.loads(line) for line in ended.stdout.splitlines())
    return {Path(path).name: (growth, said) for path, growth, said in lines}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_stays_bounded_and_one_line_says_why(
    outcomes: dict[str, tuple[float, str]], name: str
) -> None:
    growth, said = outcomes[name]
    assert growth < 64 + max_file_bytes(LIMITS.max_image_pixels) / MIB
    assert re.search(SAID.get(name, r"rejected \d+"), said)
    assert "\n" not in said
