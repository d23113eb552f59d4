"""Pictures inside a page, as data URIs: the page then opens without a network or other files."""

import base64
import io
from pathlib import Path

from PIL import Image

_QUALITY = 65


def data_uri(kind: str, content: bytes) -> str:
    """A picture as a URI that holds it.

    Args:
      kind: its media type, such as `image/jpeg`.
      content: its bytes.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def thumbnail_uri(path: Path, longest_px: int) -> str:
    """A picture as a URI, as small as it is shown: a page of many recipes can then still be sent by mail.

    Args:
      path: of a picture that a stage wrote.
      longest_px: its longer side on the page; a larger picture is scaled down.
    """
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((longest_px, longest_px))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=_QUALITY, method=4)
    return data_uri("image/webp", file.getvalue())
