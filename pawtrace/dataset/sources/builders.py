"""The TFDS builders: photos of any archive, and TFDS's own cats_vs_dogs with its drops on record.

Arrives: an archive. Leaves: a prepared TFDS dataset with one split, `train`; an intake, filled.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core.utils.lazy_imports_utils import tensorflow as tf  # not before it is used
from tensorflow_datasets.core.writer import ExampleWriter
from tensorflow_datasets.image_classification import cats_vs_dogs

from pawtrace.base.errors import DataError
from pawtrace.config.sections import LABELS, Limits
from pawtrace.dataset.sources.archive import Archive
from pawtrace.dataset.sources.inspection import Rejected, inspect, made_upright
from pawtrace.dataset.sources.intake import Intake

OUTSIDE = "outside the class folders"
_MAC_METADATA = "__MACOSX"
_PEEKED_BYTES = 10  # where TFDS looks for the JFIF header


class _SortedWriter(ExampleWriter):  # type: ignore[misc]
    """Writes a record's features by name: TFDS's own order differs from run to run."""

    def write(self, path: Any, examples: Iterator[tuple[Any, bytes]]) -> Any:
        def in_order() -> Iterator[tuple[Any, bytes]]:
            for key, record in examples:
                example = tf.train.Example.FromString(record)
                yield key, example.SerializeToString(deterministic=True)

        return super().write(path, in_order())


class _Repeatable:
    """A builder whose shards have the same bytes in every run, and that prints no folder names."""

    info: tfds.core.DatasetInfo

    def _example_writer(self) -> ExampleWriter:
        return _SortedWriter(self.info.file_format)

    def _log_download_bytes(self) -> None: ...

    def _log_download_done(self) -> None: ...


class PetArchive(_Repeatable, tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]
    """Images in class folders, at any depth of a zip, tar or folder.

    Args:
      archive: the zip, tar or folder.
      classes: folder name -> label; the deepest folder on a file's path that is named here counts.
      limits: what the archive may hold at most.
      intake: filled while preparing.
      **tfds_arguments: as for any builder: data_dir, config, version.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Upright RGB images, JPEG or PNG, with the features of cats_vs_dogs."}

    def __init__(
        self,
        *,
        archive: Path,
        classes: Mapping[str, str],
        limits: Limits,
        intake: Intake,
        **tfds_arguments: Any,
    ) -> None:
        super().__init__(**tfds_arguments)
        self._archive = archive
        self._classes = classes
        self._limits = limits
        self._intake = intake

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="Photos of cats and dogs, from an archive with one folder per class.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(),
                    "image/filename": tfds.features.Text(),  # its path in the archive
                    "label": tfds.features.ClassLabel(names=list(LABELS)),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager  # the archive is here already, and TFDS's extraction trusts what it unpacks
        archive = Archive(self._archive, self._limits)
        check_class_folders(self._archive, archive.folders, self._classes)
        return {"train": self._generate_examples(archive)}

    def _generate_examples(self, archive: Archive) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, content, problem in archive.members():
            folder = class_folder(name, self._classes)
            if folder is None:
                self._intake.reject(name, OUTSIDE)
            elif content is None:
                self._intake.reject(name, str(problem), folder)
            else:
                try:
                    stored = inspect(name, content, self._limits.max_image_pixels)
                except Rejected as reason:
                    self._intake.reject(name, str(reason), folder)
                    continue
                label = self._classes[folder]
                self._intake.keep(folder, label)
                yield name, {"image": stored, "image/filename": name, "label": label}
        self._intake.check_folders(self._classes)


def class_folder(name: str, classes: Mapping[str, str]) -> str | None:
    """The deepest folder on a file's path that is a class folder, case-sensitive; None without one."""
    folders = PurePosixPath(name).parts[:-1]
    if _MAC_METADATA in folders:
        return None
    return next((folder for folder in reversed(folders) if folder in classes), None)


def check_class_folders(path: Path, folders: frozenset[str], classes: Mapping[str, str]) -> None:
    """Require every class folder to be somewhere in the archive.

    Raises:
      DataError: one is missing; names it and the folders that are there.
    """
    paths = [PurePosixPath(folder) for folder in sorted(folders)]
    names = sorted({folder.name for folder in paths if _MAC_METADATA not in folder.parts})
    for folder in classes:
        if folder not in names:
            listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "") or "none"
            raise DataError(f"{path}: expected a folder {folder} (data.classes), found the folders: {listed}")


class CatsVsDogs(_Repeatable, cats_vs_dogs.CatsVsDogs, skip_registration=True):  # type: ignore[call-arg, misc]
    """TFDS's cats_vs_dogs 4.0.1: its code and its result; what it drops in silence is listed.

    Args:
      intake: filled while preparing.
      **tfds_arguments: as for any builder: data_dir, config, version.
    """

    name = "cats_vs_dogs"
    VERSION = tfds.core.Version("4.0.1")  # fails here, not in a metric, should TFDS move on

    def __init__(self, *, intake: Intake, **tfds_arguments: Any) -> None:
        super().__init__(**tfds_arguments)
        self._intake = intake

    def _generate_examples(
        self, archive: Iterator[tuple[str, IO[bytes]]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, example in super()._generate_examples(self._recorded(archive)):
            self._intake.keep(example["label"].capitalize(), example["label"])
            yield name, example

    def _recorded(self, archive: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """The same members; upright and RGB where they are not, as TFDS ignores both."""
        for name, file in archive:
            if not cats_vs_dogs._NAME_RE.match(name):
                self._intake.reject(name, OUTSIDE)
            elif b"JFIF" not in file.peek(_PEEKED_BYTES):
                self._intake.reject(name, "no JFIF header")
            else:
                content = made_upright(file.read())
                file = io.BufferedReader(io.BytesIO(content))  # which can peek, as a zip's member can
            yield name, file
