"""From a file's path to its label: by the folder that it lies in, or by a pattern."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from pawtrace.base.names import comparable, folders_on
from pawtrace.config.sections import LABELS, DataParams, LabelPattern
from pawtrace.dataset.sources.layout import Layout, labels_by_pattern

OUTSIDE = "outside the class folders"
NO_LABEL = "its path matches no label's pattern (data.label_pattern)"
TWO_LABELS = "its path matches the patterns of both labels (data.label_pattern)"


class Labelled(NamedTuple):
    """Where a file belongs."""

    group: str  # the class folder, or the label whose pattern it matches
    label: str


class Labelling(NamedTuple):
    """How the paths of an archive become labels."""

    label: Callable[[str], Labelled | str]  # a str: why the file has no label
    groups: tuple[str, ...]  # each must have usable photos
    title: str  # of a group, in a message
    # Raises DataError where an archive cannot fit, before photos are read.
    check: Callable[[Path, Layout], None]


def labelling(data: DataParams) -> Labelling:
    """By `label_pattern` if it is set, else by `classes`."""
    if data.label_pattern is not None:
        return _by_pattern(data.label_pattern)
    return Labelling(
        lambda path: _by_folder(path, data.classes),
        tuple(data.classes),
        "class folder {group} (data.classes)",
        lambda path, layout: layout.check_class_folders(path, data.classes),
    )


def _by_pattern(patterns: LabelPattern) -> Labelling:
    by_label = patterns.model_dump()

    def label(path: str) -> Labelled | str:
        labels = labels_by_pattern(path, by_label)
        if len(labels) == 1:
            return Labelled(labels[0], labels[0])
        return TWO_LABELS if labels else NO_LABEL

    return Labelling(label, LABELS, "data.label_pattern.{group}", lambda *_: None)


def _by_folder(path: str, classes: Mapping[str, str]) -> Labelled | str:
    folder = class_folder(path, classes)
    return OUTSIDE if folder is None else Labelled(folder, classes[folder])


def class_folder(path: str, classes: Mapping[str, str]) -> str | None:
    """The deepest folder on a file's path that is a class folder, case-sensitive; None without one."""
    keys = {comparable(folder): folder for folder in classes}
    return next((keys[folder] for folder in reversed(folders_on(path)) if folder in keys), None)
