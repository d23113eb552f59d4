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
    ("content", "named"),
    [
        (b"block: [", "flow node"),
        (b"a: 1\n\xff", "line 2"),
        (b"a: 1\na: 2", 'duplicate key "a"'),
        (b"a: 1\nb: 2026-13-45", "'2026-13-45': month"),
        (b"a: !!int abc", "the tag '!!int'"),
        (b"a: 1\n--- \nb: 2", "single document"),
        ("a: 1".encode("utf-16"), "UTF-16"),
        (b"- " * 100, "more than 50 lists and mappings"),
        (b"a: &a [1]\nb: &b [*c]", "the alias *c"),
        (b"a: &a [*a]", "the alias *a"),
        (b"x" * 5000, "3,000 characters"),
        (b"#" * 11_000_000, "10,000,000 bytes"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_is_no_yaml_is_one_line_that_says_what_and_where(
    content: bytes, named: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError) as error:  # noqa: PT011  # the line is the library's
        read_yaml(tmp_path / "file")
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_aliases_are_followed_until_they_stand_for_too_much() -> None:
    assert parse_yaml(b"a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n") == {
        "a": {"x": 1},
        "b": {"x": 1},
        "c": {"x": 1, "y": 2},
    }
    lines = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 30)]
    with pytest.raises(ValueError, match="more than 50,000 values, aliases"):
        parse_yaml("\n".join(lines).encode())


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing() -> None:
    assert parse_yaml("\ufeffa: 1\r\nb: 2\r\n".encode()) == {"a": 1, "b": 2}
