"""Whether something can be downloaded, asked before libraries retry for minutes."""

import queue
import threading
import urllib.request

_ANSWER_TIMEOUT_S = 5.0  # of a connection
_TOTAL_TIMEOUT_S = 8.0  # of everything, the look-up of the host's name included


def unreachable(url: str) -> str | None:
    """Why a URL cannot be fetched, or None; after `_TOTAL_TIMEOUT_S` at the latest."""
    answers: queue.Queue[str | None] = queue.Queue()

    def ask() -> None:
        request = urllib.request.Request(url, headers={"Range": "bytes=0-0"})
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_TIMEOUT_S):
                answers.put(None)
        except Exception as error:
            answers.put(" ".join(str(error).split())[:200] or type(error).__name__)

    # Nothing stops a look-up of a name that hangs: a daemon thread is left behind with it.
    threading.Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=_TOTAL_TIMEOUT_S)
    except queue.Empty:
        return f"no answer within {_TOTAL_TIMEOUT_S:g} s"
