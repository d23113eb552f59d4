"""The cards of the page and the decisions about them, written to data/review.csv as soon as they are made."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pawtrace.config.params import Params
from pawtrace.config.sections import LABELS
from pawtrace.dataset.splitting.review import DECISIONS, Decision, read_review, write_review
from pawtrace.review.doubts import Doubt, find_doubts
from pawtrace.review.photos import Photo, in_groups, load_photos


class Card(NamedTuple):
    """A photo on the page."""

    doubt: Doubt
    photo: Photo | None  # None: nothing can be shown
    choices: dict[Decision, str]  # what can be decided, and what its button says

    @property
    def attention(self) -> Path | None:
        """The picture of where a model looked, if one was drawn."""
        return next((reason.attention for reason in self.doubt.reasons if reason.attention), None)


class Board:
    """All cards, and the decisions; used by several threads."""

    def __init__(self, cards: Sequence[Card]) -> None:
        """Show these cards."""
        self.cards = list(cards)
        self._writing = threading.Lock()

    def decide(self, number: int, decision: str | None) -> int:
        """Write a decision about the photo of a card; None takes it back.

        Returns:
          How many decisions there are.
        Raises:
          ValueError: there is no such card, or this cannot be decided of it.
          DataError: data/review.csv was edited meanwhile and is no such table any more.
        """
        if not 0 <= number < len(self.cards):
            raise ValueError(f"expected a card from 0 to {len(self.cards) - 1}, found {number}")
        card = self.cards[number]
        chosen = next((choice for choice in card.choices if choice == decision), None)
        if decision is not None and chosen is None:
            raise ValueError(f"expected one of {', '.join(card.choices)}, found {decision!r:.40}")
        with self._writing:
            decisions = read_review()  # afresh: somebody may edit it by hand
            decisions.pop(card.doubt.file, None)
            if chosen is not None:
                decisions[card.doubt.file] = chosen
            write_review(decisions)
            return len(decisions)


def read_board(params: Params) -> Board:
    """The board of a project.

    Raises:
      DataError: nothing has run yet, or a file is damaged; names the stage to run.
    """
    doubts = {doubt.file: doubt for doubt in find_doubts(list(params.recipes), read_review())}
    photos = load_photos(doubts, params.data)
    pairs = [file for file, doubt in doubts.items() if doubt.kind == "two_labels" and file in photos]
    order = [*in_groups(pairs, photos, params.split.near_duplicate_distance)]
    order += [file for file in doubts if file not in {*pairs}]
    return Board([Card(doubts[file], photos.get(file), _choices(photos.get(file))) for file in order])


def _choices(photo: Photo | None) -> dict[Decision, str]:
    if photo is None or photo.label is None:  # no decision makes it usable
        return {"drop": "Drop"}
    other = next(label for label in LABELS if label != photo.label)
    words = {"keep": f"Keep: {photo.label}", other: f"Relabel: {other}", "drop": "Drop"}
    return {decision: words[decision] for decision in ("keep", *DECISIONS[2:], "drop") if decision in words}
