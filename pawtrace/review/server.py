"""The server of the review page: on this machine only, for this page only.

A web page elsewhere can make a browser send requests to any port of this machine. So every request must name
this server as its host (against DNS rebinding), and whatever changes or computes something must come from a
page of this server (against cross-site requests). Pictures are known by number: no URL becomes a path.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import unquote

from pawtrace.base.errors import PawtraceError
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.review.board import Board
from pawtrace.review.page import review_page

ADDRESS = "127.0.0.1"
MAX_PHOTO_BYTES = 100 * 2**20
_MAX_DECISION_BYTES = 10_000
_TIMEOUT_S = 30  # of a client that says nothing
_STATIC = {"/review.css": "text/css", "/review.js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Answer = Callable[[str, bytes], dict[str, Any]]  # name and bytes of a photo -> what the page shows


class Refused(Exception):  # noqa: N818 - it is an answer
    """Why a request is not served."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        """Refuse with a status, in words that the page shows."""
        super().__init__(words)
        self.status = status


class ReviewServer(ThreadingHTTPServer):
    """Serves a board.

    Attributes:
      board: the cards.
      answer: what the model says of a photo; raises Rejected, or PawtraceError where there is no model.
    """

    daemon_threads = True

    def __init__(self, port: int, board: Board, answer: Answer) -> None:
        """Listen on this machine's own address.

        Args:
          port: 0 for any that is free.
          board: see above.
          answer: see above.
        Raises:
          PawtraceError: another program uses the port.
        """
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise PawtraceError(
                f"port {port} cannot be used: {error.strerror}; add --port {port + 1}"
            ) from None
        self.board, self.answer = board, answer

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    timeout = _TIMEOUT_S
    server_version, sys_version = "pawtrace", ""

    def do_GET(self) -> None:
        self._serve(self._get)

    def do_POST(self) -> None:
        self._serve(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the page shows what went wrong."""

    def _serve(self, respond: Callable[[], None]) -> None:
        try:
            self._check_host()
            respond()
        except Refused as refusal:
            self._send_json({"error": str(refusal)}, refusal.status)
        except Rejected as reason:
            self._send_json({"error": f"not a photo that can be read: {reason}"}, HTTPStatus.BAD_REQUEST)
        except PawtraceError as error:
            if self.path == "/":  # a person reads it, not the page's script
                self._send(str(error).encode(), "text/plain; charset=utf-8", HTTPStatus.CONFLICT)
            else:
                self._send_json({"error": str(error)}, HTTPStatus.CONFLICT)
        except ConnectionError:
            pass  # the page was closed before its answer came

    def _check_host(self) -> None:
        if self.headers.get("Host") not in self._own_hosts():
            raise Refused(HTTPStatus.FORBIDDEN, "this server answers to its own address only")

    def _own_hosts(self) -> tuple[str, str]:
        return f"{ADDRESS}:{self.server.server_port}", f"localhost:{self.server.server_port}"

    def _get(self) -> None:
        path, board = self.path.partition("?")[0], self.server.board
        if path == "/":
            self._send(review_page(board).encode(), "text/html; charset=utf-8")
        elif path in _STATIC:
            content = resources.files("pawtrace.review").joinpath(path[1:]).read_bytes()
            self._send(content, f"{_STATIC[path]}; charset=utf-8")
        else:
            self._send(self._picture(path), "image/jpeg")

    def _picture(self, path: str) -> bytes:
        """The content of /photo/NUMBER or /attention/NUMBER."""
        _, _, rest = path.partition("/")
        kind, _, number = rest.partition("/")
        card = {str(place): card for place, card in enumerate(self.server.board.cards)}.get(number)
        if card is not None and kind == "photo" and card.photo is not None:
            return card.photo.picture
        attention = card.attention if card is not None and kind == "attention" else None
        if attention is not None and attention.is_file():
            return attention.read_bytes()
        raise Refused(HTTPStatus.NOT_FOUND, "no such page")

    def _post(self) -> None:
        if self.headers.get("Origin") not in [f"http://{host}" for host in self._own_hosts()]:
            raise Refused(HTTPStatus.FORBIDDEN, "only this server's own page may do that")
        if self.path == "/decisions":
            self._decide(self._body(_MAX_DECISION_BYTES))
        elif self.path == "/ask":
            name = unquote(self.headers.get("X-File-Name", "photo"))
            self._send_json(self.server.answer(name, self._body(MAX_PHOTO_BYTES)))
        else:
            raise Refused(HTTPStatus.NOT_FOUND, "no such page")

    def _decide(self, body: bytes) -> None:
        try:
            asked = json.loads(body)
            number, decision = asked["card"], asked["decision"]
            if not isinstance(number, int) or not isinstance(decision, str | None):
                raise ValueError("expected the number of a card and a decision")
            num_decisions = self.server.board.decide(number, decision)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Refused(HTTPStatus.BAD_REQUEST, f"not a decision: {error}") from None
        self._send_json({"num_decisions": num_decisions})

    def _body(self, max_bytes: int) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length")
        if int(length) > max_bytes:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {max_bytes:,} bytes")
        return self.rfile.read(int(length))

    def _send_json(self, content: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(content).encode(), "application/json", status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **_HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
