"""Review doubtful photos in the browser: keep, relabel or drop each; ask the model about a photo of yours.

The command serves a page, which only this machine can open, until Ctrl-C. It writes your decisions to
data/review.csv. The next `make repro` applies them. Commit data/review.csv.
"""

import argparse
import functools
from typing import TYPE_CHECKING, Any

from pawtrace.base.errors import PawtraceError
from pawtrace.config import paths
from pawtrace.config.params import load_params

if TYPE_CHECKING:
    from pawtrace.review.asked_photo import Answerer

_PORT = 8765


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen."""
    parser.add_argument("--port", type=int, default=_PORT, help=f"port on 127.0.0.1; default: {_PORT}")


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    params = load_params()
    from pawtrace.dataset.splitting.review import REVIEW
    from pawtrace.review.board import read_board
    from pawtrace.review.server import ReviewServer

    print("reading the photos ...", flush=True)
    board = read_board(params)
    with ReviewServer(arguments.port, board, _answer) as server:
        num_open = sum(card.doubt.is_open for card in board.cards)
        decided = f" ({len(board.cards) - num_open} decided already)" if num_open < len(board.cards) else ""
        print(f"{num_open} photos to review{decided}: open {server.url} (stop with Ctrl-C)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(f"stopped; your decisions are in {REVIEW}; to apply them, run: make repro")
    return 0


def _answer(name: str, encoded: bytes) -> dict[str, Any]:
    """The prediction of the model that is promoted at this moment, for one photo."""
    model = paths.PROMOTED / "model.keras"
    if not model.is_file():
        raise PawtraceError("no model is in use yet; run: pawtrace promote")
    return _answerer(model.stat().st_mtime_ns).answer(name, encoded)


@functools.lru_cache(maxsize=1)  # loaded once, when the first photo asks for it
def _answerer(changed_at_ns: int) -> "Answerer":
    del changed_at_ns  # another one, another model
    from pawtrace.promotion.chosen_model import chosen_model
    from pawtrace.review.asked_photo import Answerer  # with Keras, which takes many seconds

    params = load_params()
    return Answerer(chosen_model(None, params), params)
