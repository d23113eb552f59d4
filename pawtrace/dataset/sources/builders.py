"""The TFDS builders: photos of any archive, and TFDS's own cats_vs_dogs with its drops on record.

Arrives: an archive. Leaves: a prepared TFDS dataset with one split, `train`; an intake, filled.
"""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core import shuffle
from tensorflow_datasets.core.utils.lazy_imports_utils import tensorflow as tf  # not before it is used
from tensorflow_datasets.core.writer import ExampleWriter
from tensorflow_datasets.image_classification import cats_vs_dogs

from pawtrace.base.errors import DataError
from pawtrace.config.sections import LABELS, DataParams
from pawtrace.dataset.sources.archive import Archive, Member
from pawtrace.dataset.sources.file_map import inspected, map_files
from pawtrace.dataset.sources.inspection import made_upright
from pawtrace.dataset.sources.intake import Intake
from pawtrace.dataset.sources.labelling import OUTSIDE, Labelled, labelling

_PEEKED_BYTES = 10  # where TFDS looks for the JFIF header
_NO_HEADER = "no JFIF header"

# TFDS would hold a gigabyte of examples in memory before it sorts them on disk; the result is the same.
shuffle.MAX_MEM_BUFFER_SIZE = 2**25


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
    """Images of a zip, tar or folder, and of the zips in it, labelled by their paths.

    Args:
      archive: the zip, tar or folder.
      data: how paths become labels, and what the archive may hold at most.
      intake: filled while preparing.
      **tfds_arguments: as for any builder: data_dir, config, version.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Upright RGB images, JPEG or PNG, with the features of cats_vs_dogs."}

    def __init__(self, *, archive: Path, data: DataParams, intake: Intake, **tfds_arguments: Any) -> None:
        super().__init__(**tfds_arguments)
        self._archive = archive
        self._data = data
        self._labelling = labelling(data)
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
        archive = Archive(self._archive, self._data.limits, follow_links=self._data.follow_links)
        self._labelling.check(self._archive, archive.layout)
        return {"train": self._generate_examples(archive)}

    def _generate_examples(self, archive: Archive) -> Iterator[tuple[str, dict[str, Any]]]:
        inspect_each = partial(inspected, max_pixels=self._data.limits.max_image_pixels)
        for name, stored, problem in map_files(inspect_each, self._labelled(archive)):
            sorted_into = self._labelling.label(name)
            assert isinstance(sorted_into, Labelled)  # the others were not inspected
            if stored is None:
                self._intake.reject(name, str(problem), sorted_into.group)
            else:
                self._intake.keep(*sorted_into)
                yield name, {"image": stored, "image/filename": name, "label": sorted_into.label}
        self._intake.check_groups(self._labelling.groups, self._labelling.title)

    def _labelled(self, archive: Archive) -> Iterator[Member]:
        """The files whose path tells a label; all others are rejected unseen."""
        for member in archive.members():
            sorted_into = self._labelling.label(member.name)
            if isinstance(sorted_into, str):
                self._intake.reject(member.name, sorted_into)
            else:
                yield member


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
        for name, stored, _ in map_files(as_tfds_stores, self._photos(archive)):
            label = cats_vs_dogs._NAME_RE.match(name).group(1)
            self._intake.keep(label, label.lower())
            yield name, {"image": stored, "image/filename": name, "label": label.lower()}
        num_corrupt = sum(each.reason == _NO_HEADER for each in self._intake.rejections)
        if num_corrupt != cats_vs_dogs._NUM_CORRUPT_IMAGES:
            raise DataError(
                f"cats_vs_dogs: expected {cats_vs_dogs._NUM_CORRUPT_IMAGES} files without a JFIF header, "
                f"found {num_corrupt}; download the archive again"
            )

    def _photos(self, archive: Iterator[tuple[str, Any]]) -> Iterator[Member]:
        """The members that TFDS takes; the others are rejected."""
        for name, file in archive:
            if not cats_vs_dogs._NAME_RE.match(name):
                self._intake.reject(name, OUTSIDE)
            elif b"JFIF" not in file.peek(_PEEKED_BYTES):
                self._intake.reject(name, _NO_HEADER)
            else:
                yield Member(name, file.read(), None)


def as_tfds_stores(photo: Member) -> Member:
    """The same photo as TFDS's cats_vs_dogs stores it, by its own code: decoded, and encoded as JPEG again.

    Upright and RGB first, where it is not, as TFDS ignores both.
    """
    content = made_upright(photo.content or b"")
    file = io.BufferedReader(io.BytesIO(content))  # which can peek, as a zip's member can
    _, example = next(cats_vs_dogs.CatsVsDogs._generate_examples(None, [(photo.name, file)]))
    return photo._replace(content=example["image"].read())
