"""Whether a Prefect server answers: one that PREFECT_API_URL names may be down, or only just starting."""

import http.client
import os
import time
import urllib.parse
import urllib.request
from collections.abc import Callable

from pawtrace.base.errors import DeviceError

_WAIT_S = 600  # a machine that boots at night has it up by then
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0


def named_server() -> str | None:
    """The URL of the API that PREFECT_API_URL names, if any.

    Raises:
      DeviceError: it is no URL.
    """
    if not (url := os.environ.get("PREFECT_API_URL")):
        return None
    try:
        parts = urllib.parse.urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        is_url = False
    if not is_url:
        raise DeviceError(
            f"PREFECT_API_URL: expected a URL such as http://127.0.0.1:4200/api, found {url!r}; "
            "correct it, or unset PREFECT_API_URL for a temporary server"
        )
    return url


def answers(url: str) -> bool:
    """Whether a server is healthy."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):  # urllib's own errors are OSErrors
        return False


def wait_for_server(say: Callable[[str], object], wait_s: float = _WAIT_S) -> None:
    """Wait for the server that PREFECT_API_URL names, if any, with growing pauses.

    Raises:
      DeviceError: PREFECT_API_URL is no URL, or no server answered in that time.
    """
    url, pause_s, until = named_server(), _FIRST_PAUSE_S, time.monotonic() + wait_s
    while url and not answers(url):
        if time.monotonic() + pause_s > until:
            raise DeviceError(
                f"PREFECT_API_URL: expected a Prefect server at {url}, found none in {wait_s:.0f} s; "
                "run: make serve, or unset PREFECT_API_URL for a temporary one"
            )
        say(f"no Prefect server answers at {url}; trying again in {pause_s:.0f} s")
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
