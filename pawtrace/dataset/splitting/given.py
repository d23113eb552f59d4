"""Photos that came divided: whose folder says test or validation, and folders that seem to say so.

Arrives: paths of examples, `data.given_splits`. Leaves: the given split of each, and the folders of an
archive that comes divided although params do not say so.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from pawtrace.base.errors import DataError
from pawtrace.base.names import comparable, folders_on

# As public data sets call them: test_set, Test, test1, testing; val, validation_set; train, training_set.
_NAMES = {
    "train": re.compile(r"(?i)train(ing)?([ _-]?(set|data|images))?\d*"),
    "validation": re.compile(r"(?i)val(id(ation)?)?([ _-]?(set|data|images))?\d*"),
    "test": re.compile(r"(?i)test(ing)?([ _-]?(set|data|images))?\d*"),
}


def given_split(path: str, given: Mapping[str, str]) -> str | None:
    """The split that the deepest folder named in `data.given_splits` gives an example, if one does."""
    splits = {comparable(folder): split for folder, split in given.items()}
    return next((splits[folder] for folder in reversed(folders_on(path)) if folder in splits), None)


def check_given(paths: Iterable[str], given: Mapping[str, str]) -> None:
    """Require examples in each folder of `data.given_splits`.

    Raises:
      DataError: a folder has none; names it and the folders that there are.
    """
    if not given:
        return
    folders = {folder for path in paths for folder in folders_on(path)}
    for folder in given:
        if comparable(folder) not in folders:
            raise DataError(
                f"data.given_splits: expected pictures in a folder {folder}, found the folders: "
                f"{', '.join(sorted(folders)[:20])}; correct data.given_splits, then run: dvc repro"
            )


def divided_folders(paths: Iterable[str]) -> dict[str, dict[str, int]]:
    """The folders that divide the examples into train and test, or validation, by their names.

    Returns:
      By split, the number of examples of each such folder; empty where only one split is named, as in
      an archive whose photos all lie in a folder `train`.
    """
    counts: dict[str, Counter[str]] = {split: Counter() for split in _NAMES}
    for path in paths:
        for folder in set(folders_on(path)):
            for split, name in _NAMES.items():
                if name.fullmatch(folder):
                    counts[split][folder] += 1
    found = {split: dict(sorted(folders.items())) for split, folders in counts.items() if folders}
    return found if len(found) > 1 else {}
