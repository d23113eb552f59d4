"""The review page as HTML. Names of files are whatever an archive held, so everything is escaped."""

from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from pawtrace.dataset.splitting.review import REVIEW, read_review
from pawtrace.review.board import Board
from pawtrace.review.doubts import KINDS


def review_page(board: Board) -> str:
    """Draw the page with the decisions as they are now.

    Raises:
      DataError: data/review.csv was edited by hand and is no such table any more.
    """
    decisions = read_review()
    numbered = list(enumerate(board.cards))
    sections = [
        (KINDS[kind], list(cards)) for kind, cards in groupby(numbered, key=lambda pair: pair[1].doubt.kind)
    ]
    environment = Environment(
        loader=PackageLoader("pawtrace.review", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    template = environment.get_template("review.html.jinja")
    return template.render(sections=sections, decisions=decisions, review=REVIEW)
