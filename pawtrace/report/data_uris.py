"""Pictures inside a page, as data URIs: the page then opens without a network or other files."""

import base64


def data_uri(kind: str, content: bytes) -> str:
    """A picture as a URI that holds it.

    Args:
      kind: its media type, such as `image/jpeg`.
      content: its bytes.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def svg_uri(svg: str) -> str:
    """A chart as a URI that holds it."""
    return data_uri("image/svg+xml", svg.encode())
