"""The section `data` of params.yaml for an archive of photos: which folders or names of files are the labels.

Arrives: what is known of the archive's paths, and the folders that the user names. Leaves: `DataParams`.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from pawtrace.base.errors import DataError
from pawtrace.base.names import comparable
from pawtrace.config.sections import LABELS, DataParams, LabelPattern
from pawtrace.dataset.sources.layout import Layout
from pawtrace.dataset.splitting.overlap import HELD_OUT

_NUM_LISTED = 20


def found_data(
    photos: Path, layout: Layout, named: dict[str, Sequence[str]], defaults: DataParams
) -> DataParams:
    """Find the labels: by the folders that are named, else by folders, else by names of files.

    Args:
      photos: the zip, tar or folder.
      layout: of its paths.
      named: the folders of each label, as the user names them; empty lists: to be found.
      defaults: all else of the section.
    Raises:
      DataError: a folder that is named is not there, or nothing says what is a cat; lists the folders.
    """
    source = {"source": "archive", "archive": _as_param(photos)}
    if any(named.values()):
        classes = {_name_of(folder, layout): label for label in LABELS for folder in named[label]}
        missing = [folder for folder in classes if folder not in layout.folders]
        if missing or len(set(classes.values())) < len(LABELS):
            problem = f"a folder '{missing[0]}'" if missing else "a folder for each of --cat and --dog"
            raise DataError(f"{photos}: expected {problem}, found {_listed(layout)}")
        return defaults.model_copy(update=source | {"classes": classes, "label_pattern": None})
    if classes := layout.clear_classes:
        return defaults.model_copy(update=source | {"classes": classes, "label_pattern": None})
    if pattern := layout.clear_pattern:
        return defaults.model_copy(update=source | {"label_pattern": LabelPattern(**pattern)})
    quoted = shlex.quote(str(photos))
    if layout.lacks is not None:
        raise DataError(
            f"{photos}: expected cats and dogs, found no folder of {layout.lacks}s, but {_listed(layout)}; "
            f"add photos of {layout.lacks}s, or run: pawtrace init {quoted} --cat FOLDER --dog FOLDER"
        )
    command = f"pawtrace init {quoted} --cat 'FOLDER' --dog 'FOLDER'"
    advice = f"run: {command} (a folder includes its subfolders)"
    if not layout.folders:
        advice = f"put them into a folder cat and a folder dog, then run: pawtrace init {quoted}"
    raise DataError(
        f"{photos}: expected the words cat and dog in the names of folders or files, "
        f"found {_listed(layout)}; {advice}"
    )


def with_given_splits(data: DataParams, divided: Mapping[str, Mapping[str, int]]) -> DataParams:
    """Keep the test and the validation set that came with the photos.

    Args:
      data: of the photos.
      divided: the number of photos by split and folder, see `divided_folders`.
    """
    given = {folder: split for split in HELD_OUT for folder in divided.get(split, ())}
    return data.model_copy(update={"given_splits": given})


def _as_param(photos: Path) -> str:
    """The path as params.yaml has it: relative to the project where it lies in it."""
    whole, project = photos.parent.resolve() / photos.name, Path.cwd().resolve()
    return str(whole.relative_to(project) if whole.is_relative_to(project) else whole)


def _name_of(folder: str, layout: Layout) -> str:
    """The name of a folder that is named by its name or, as a shell completes it, by its path."""
    name = comparable(folder)
    return name if name in layout.folders else comparable(Path(folder).name)


def _listed(layout: Layout) -> str:
    if not layout.folders:
        return f"no folders, but {layout.num_files} files"
    more = ", ..." if len(layout.folders) > _NUM_LISTED else ""
    return f"the folders {', '.join(layout.folders[:_NUM_LISTED])}{more}"
