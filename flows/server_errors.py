"""Errors of a Prefect server that dies while a flow runs: one line instead of a traceback."""

import contextlib
from collections.abc import Iterator

import httpx
from prefect.exceptions import PrefectHTTPStatusError
from prefect.logging.handlers import APILogHandler

from flows.ending import results_are_in_place
from flows.temporary_server import check_room
from pawtrace.base.errors import DeviceError, in_one_line

SERVER_ERRORS = (httpx.HTTPError, PrefectHTTPStatusError)
_NO_SERVER = "Failed to reach API"  # a RuntimeError of Prefect's


@contextlib.contextmanager
def server_errors_named(url: str) -> Iterator[None]:
    """Turn Prefect's errors about a server that does not answer into one line, and flush the log.

    Raises:
      DeviceError: the server is gone, and the flow's results are not complete.
      OSError: the server is gone, and the disk with its database is full.
    """
    try:
        yield
    except (*SERVER_ERRORS, RuntimeError) as error:
        if not isinstance(error, SERVER_ERRORS) and _NO_SERVER not in str(error):
            raise
        if not results_are_in_place():
            check_room()  # where the database is on a full disk, that is what to mend
            raise _no_answer(url, error) from error
        print(f"Prefect's server at {url} no longer answers; the results are complete", flush=True)
    finally:
        APILogHandler().flush()  # before a temporary server ends


def _no_answer(url: str, error: Exception) -> DeviceError:
    found = in_one_line(str(error))
    return DeviceError(
        f"PREFECT_API_URL: expected a Prefect server at {url}, found: {found}; start it, or unset "
        "PREFECT_API_URL for a temporary one"
    )
