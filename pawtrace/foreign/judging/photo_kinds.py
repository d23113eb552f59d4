"""The kinds of test photos, and the accuracy of a foreign model on each."""

from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.splitting.appearance import appearance_of
from pawtrace.diagnosis.slices import Slice, slices_of
from pawtrace.foreign.measuring.measure import Measured


def kinds_of(measured: Measured) -> list[Slice]:
    """The accuracy on each kind of test photos, the worst kind first."""
    photos, test = measured.test_photos, measured.test
    appearances = [
        appearance_of(id, decode(encoded), len(encoded))
        for id, encoded in zip(photos.ids, photos.encoded, strict=True)
    ]
    return slices_of(appearances, test.labels, test.predicted == test.labels)
