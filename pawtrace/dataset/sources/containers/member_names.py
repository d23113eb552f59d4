"""Names of an archive's members, decoded as they were written, and which of them are unsafe."""

import re
from collections.abc import Iterable

MAX_NAME_LENGTH = 4096  # PATH_MAX of Linux: no file system could hold a longer one
# Python's csv, before 3.13, does not read a carriage return back that it wrote: a Mac's "Icon\r".
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile("^[A-Za-z]:")
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
# The common Chinese characters of GB2312: two bytes each, in ranges that European names in CP437 hardly pair.
_HANZI = re.compile(rb"[\xb0-\xf7][\xa1-\xfe]")
_MIN_HANZI_SHARE = 0.8


def encoding_of(names: Iterable[bytes]) -> str:
    """The encoding in which one program wrote all these names: utf-8, gbk or cp437.

    A zip names an encoding only where its program was careful. UTF-8 is what its bytes cannot be by
    chance; Windows in Chinese writes GBK; CP437 is what the format's definition says.
    """
    raw = [name for name in names if not name.isascii()]
    if all(_is_valid(name, "utf-8") for name in raw):
        return "utf-8"
    return "gbk" if _looks_chinese(raw) else "cp437"


def decoded(raw: bytes) -> str:
    """A single name without context: UTF-8, else GBK if the bytes look like it, else with U+FFFD."""
    encoding = encoding_of([raw])
    return raw.decode("utf-8" if encoding == "cp437" else encoding, "replace")


def escape_problem(name: str) -> str | None:
    """Why a name is unsafe, on any system."""
    if len(name) > MAX_NAME_LENGTH:
        return f"a name of {len(name)} characters"
    parts = re.split(r"[/\\]", name)
    if "\0" in name:
        return "a name with a zero byte"
    if parts[0] == "" or _DRIVE.match(name):
        return "an absolute name"
    return "a name that leaves the archive" if ".." in parts else None


def clean(name: str) -> str:
    """A safe name with forward slashes, in valid Unicode, without control characters."""
    if not name.isascii():
        # What the operating system or tarfile could not decode arrives as lone surrogates.
        name = decoded(name.encode("utf-8", "surrogateescape")) if _has_surrogates(name) else name
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    return _CONTROL.sub("\ufffd", "/".join(parts))


def _has_surrogates(name: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in name)


def _is_valid(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(raw: list[bytes]) -> bool:
    runs = [run for name in raw for run in _NOT_ASCII.findall(name)]
    num_bytes = sum(map(len, runs))
    num_hanzi_bytes = sum(2 * len(_HANZI.findall(run)) for run in runs)
    return num_hanzi_bytes >= _MIN_HANZI_SHARE * num_bytes and all(_is_valid(name, "gbk") for name in raw)
