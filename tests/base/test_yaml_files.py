"""YAML is read and written as DVC does it: version 1.2."""

from pathlib import Path

import pytest

from pawtrace.base.yaml_files import parse_yaml, read_yaml, yaml_text


def test_numbers_and_words_are_those_of_yaml_1_2() -> None:
    content = parse_yaml(b"rate: 1e-4\nanswer: no\ntime: 1:20\n")
    assert content == {"rate": 1e-4, "answer": "no", "time": "1:20"}


def test_what_is_written_is_read_again_in_the_same_order() -> None:
    content = {"b": [1, "1e-4", None], "a": {"c": True, "d": "ä"}}
    again = parse_yaml(yaml_text(content).encode())
    assert again == content
    assert list(again) == ["b", "a"]


@pytest.mark.parametrize(
    "content", [b"block: [", b"\xff", b"a: 1\na: 2"], ids=["cut off", "not text", "twice"]
)
def test_what_is_no_yaml_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError) as error:  # noqa: PT011  # the line is the library's
        read_yaml(tmp_path / "file")
    assert "\n" not in str(error.value)
