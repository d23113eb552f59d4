"""A measurement that is missing: a rule that needs it ends as not known, with the reason."""

from typing import Any, NoReturn

from pawtrace.diagnosis.finding import NotKnown

NO_TRAIN = "needs the training photos: --train PHOTOS"
HIDDEN = "a SavedModel does not show its layers: diagnose the .keras file"
NO_HISTORY = "needs the history of the training: --history FILE"


class _Absent:
    """A missing measurement: any access raises NotKnown with the reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getattr__(self, name: str) -> NoReturn:
        raise NotKnown(self._reason)

    def __getitem__(self, key: object) -> NoReturn:
        raise NotKnown(self._reason)


def absent(reason: str) -> Any:
    """A missing measurement, in place of any object."""
    return _Absent(reason)
