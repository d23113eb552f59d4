"""The weights for a backbone's file, before Keras is loaded: is the file there, is it the published one?"""

import shutil
from pathlib import Path

from pawtrace.base.errors import PawtraceError, TrainingError
from pawtrace.base.files import new_file
from pawtrace.config import paths
from pawtrace.config.imagenet import PUBLISHED, find_weights, require_published
from pawtrace.dataset.sources.network import unreachable


def other_weights(name: str, weights_file: Path | None) -> Path | None:
    """The file whose weights to take in place of the published ones; None: take the published ones.

    A file that is the published one is copied to data/weights, where it is found from then on.

    Args:
      name: of a backbone in PUBLISHED.
      weights_file: that the user names; None: the published one, from data/weights, from Keras's cache, or
        downloaded.
    Raises:
      TrainingError: the file is missing, or is named like the published one and differs from it, or the
        published one cannot be downloaded.
    """
    if weights_file is None:
        if find_weights(name) is None:
            _require_network(name)
        return None
    if not weights_file.is_file():
        raise TrainingError(f"--from {weights_file}: expected a file of weights, found none")
    try:
        require_published(name, weights_file)
    except PawtraceError:
        if weights_file.name == PUBLISHED[name].file_name:
            raise
        return weights_file
    copy = paths.WEIGHTS / PUBLISHED[name].file_name
    if not copy.exists():
        with new_file(copy) as partial:
            shutil.copyfile(weights_file, partial)
    return None


def _require_network(name: str) -> None:
    """Say at once that there is no network: Keras would try for minutes."""
    published = PUBLISHED[name]
    if problem := unreachable(published.url):
        raise TrainingError(
            f"{name}: cannot download {published.url} ({problem}); fetch that file on another machine, "
            f"then run: pawtrace backbone {name} --from {published.file_name}"
        )
