"""Recognise files that are neither photos nor archives for pawtrace, by their first bytes.

Arrives: the start of a file. Leaves: the usual name of its kind, and what to do about it.
"""

import re
from typing import NamedTuple

HEAD_BYTES = 512  # enough for every kind here


class TrueName(NamedTuple):
    """A kind of file."""

    name: str
    advice: str  # what to do about it

    def __str__(self) -> str:
        return f"{self.name}: {self.advice}"


_AS_JPEG = "export it as JPEG"
_NOT_FETCHED = "the download gave a page instead of the file; download it again"
RAW = TrueName("camera raw", f"{_AS_JPEG} with your camera's program")
_VIDEO = TrueName("video", "save single frames of it as JPEG")
_UNPACK = "unpack it, then zip the folder, or name the folder itself"
LFS_POINTER = TrueName("Git LFS pointer", "the file itself is elsewhere; run: git lfs pull")
ZIP = TrueName("zip archive", "unpack it")

_SIGNATURES = (
    (rb"version https://git-lfs\.github\.com/spec/", LFS_POINTER),
    (rb"PK\x03\x04|PK\x05\x06", ZIP),
    (rb"Rar!\x1a\x07", TrueName("RAR archive", _UNPACK)),
    (rb"7z\xbc\xaf\x27\x1c", TrueName("7z archive", _UNPACK)),
    (rb"\x1f\x8b", TrueName("gzip file", _UNPACK)),
    (rb"BZh[1-9]1AY", TrueName("bzip2 file", _UNPACK)),
    (rb"\xfd7zXZ\x00", TrueName("xz file", _UNPACK)),
    (rb"\x28\xb5\x2f\xfd", TrueName("Zstandard file", _UNPACK)),
    (rb"(?s).{257}ustar", TrueName("tar archive", _UNPACK)),
    (rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", TrueName("JPEG 2000", _AS_JPEG)),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n", TrueName("JPEG XL", _AS_JPEG)),
    (rb"8BPS", TrueName("Photoshop document", _AS_JPEG)),
    (rb"gimp xcf", TrueName("GIMP document", _AS_JPEG)),
    (rb"\x00\x00[\x01\x02]\x00[^\x00]\x00", TrueName("icon", "use the photo that it was made from")),
    (rb"%PDF-", TrueName("PDF document", "save the photos in it as JPEG")),
    (rb"(?s).{4}ftypcrx ", RAW),
    (rb"FUJIFILMCCD-RAW|II(?:RO|RS|U\x00)|MMOR|FOVb|\x00MRM", RAW),
    (rb"II\*\x00.{4}CR", RAW),
    (rb"(?s).{4}ftyp|(?s:.{4})(?:moov|mdat|wide)", _VIDEO),
    (rb"\x1a\x45\xdf\xa3|(?s:RIFF.{4}AVI )|\x00\x00\x01[\xb3\xba]|FLV\x01", _VIDEO),
    (rb"\x00\x05\x16\x07", TrueName("system file", "nothing to do; macOS keeps attributes in it")),
    (rb"(?i)\s*(?:<!doctype html|<html|<head|<body)", TrueName("HTML page", _NOT_FETCHED)),
    (
        rb"(?is)\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!doctype svg[^>]*>\s*)*<svg",
        TrueName("SVG drawing", _AS_JPEG),
    ),
    (rb"\s*<", TrueName("XML or HTML file", _NOT_FETCHED)),
)
_COMPILED = tuple((re.compile(pattern), kind) for pattern, kind in _SIGNATURES)
_TEXT = TrueName("text", "nothing to do if it was never meant as a photo; else fetch it again")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

# File browsers leave these without being asked; also as some programs rename them.
_SYSTEM_FILES = {
    ".ds_store",
    "_ds_store",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\ufffd",
    ".picasa.ini",
}
_SYSTEM_FOLDERS = {"__MACOSX", "@eaDir", ".Trashes", ".Spotlight-V100"}
SYSTEM_FILE = TrueName("system file", "nothing to do; a file browser left it")


def true_name(head: bytes) -> TrueName | None:
    """What a file is that is neither a photo nor an archive that pawtrace reads.

    Args:
      head: its first HEAD_BYTES bytes, or all if it has fewer.
    Returns:
      None for what is not known.
    """
    head = head.removeprefix(b"\xef\xbb\xbf")[:HEAD_BYTES]
    for pattern, kind in _COMPILED:
        if pattern.match(head):
            return kind
    return _TEXT if head and not _NO_TEXT.search(head) and _is_text(head) else None


def is_system_file(name: str) -> bool:
    """Whether a file browser or an operating system made a file: its path says so."""
    *folders, last = name.split("/")
    return last.lower() in _SYSTEM_FILES or last.startswith("._") or not _SYSTEM_FOLDERS.isdisjoint(folders)


def _is_text(head: bytes) -> bool:
    try:
        head[:-3].decode("utf-8")  # without the end, which may cut a character
    except UnicodeDecodeError:
        return False
    return True
