"""What a stage wrote and somebody damaged is one line that names the stage."""

from pathlib import Path

import pytest

from pawtrace.base.errors import DataError
from pawtrace.base.stage_outputs import StageOutput, read_json


class Content(StageOutput):
    """A number."""

    number: int


def test_what_was_written_is_read_and_further_keys_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"number": 3, "later": 4}')
    assert read_json(Content, tmp_path / "a.json", "split").number == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"number": "x"}',
        b'{"number": NaN}',
        b"\xff",
        b"[" * 100_000,
        b'{"number": 1e999}',
    ],
    ids=lambda content: ascii(content)[:20],
)
def test_a_damaged_file_is_one_line_with_the_stage_to_force(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.json: .*run: dvc repro --force split$") as error:
        read_json(Content, tmp_path / "a.json", "split")
    assert "\n" not in str(error.value)


def test_a_missing_file_names_its_stage(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.json is missing; run: dvc repro split$"):
        read_json(Content, tmp_path / "a.json", "split")
