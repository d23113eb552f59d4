"""What an archive of photos holds, found as the stages `download` and `split` will find it.

Arrives: an archive and the section `data`. Leaves: a `Survey`. Nothing is written.
"""

from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from pawtrace.config.sections import LABELS, DataParams
from pawtrace.dataset.examples.perceptual_hash import with_mirrored
from pawtrace.dataset.examples.pixels import decode
from pawtrace.dataset.sources.archive import Archive, Member
from pawtrace.dataset.sources.file_map import map_files
from pawtrace.dataset.sources.formats import Rejected
from pawtrace.dataset.sources.inspection import inspect
from pawtrace.dataset.sources.intake import Intake
from pawtrace.dataset.sources.labelling import Labelled, Labelling, labelling
from pawtrace.dataset.splitting.duplicates import group_duplicates, pixel_digest
from pawtrace.dataset.splitting.given import divided_folders


class Survey(NamedTuple):
    """What is in an archive."""

    num_photos: dict[str, int]  # usable ones, by label
    num_in_group: dict[str, int]  # readable ones, by class folder or pattern
    rejected: dict[str, int]  # files by reason
    num_copies: int  # photos that show what another one shows
    num_under_both_labels: int  # photos of which a copy has the other label; not usable
    num_pictures: int  # usable ones, duplicates counted once
    divided: dict[str, dict[str, int]]  # photos by split and folder, where they came divided


class _Photo(NamedTuple):
    name: str
    sorted_into: Labelled
    digest: str  # of its pixels
    hashes: np.ndarray  # uint64 (2, 4)


class _Unusable(NamedTuple):
    name: str
    reason: str
    group: str | None


def survey(path: Path, archive: Archive, data: DataParams, near_duplicate_distance: int) -> Survey:
    """Read every photo of an archive.

    Args:
      path: of the archive.
      archive: the same, opened.
      data: how paths become labels.
      near_duplicate_distance: bits of the perceptual hash, as `split` has it.
    Raises:
      DataError: a class has no usable photo.
    """
    labels, intake = labelling(data), Intake(announce=lambda _: None)
    labels.check(path, archive.layout)
    look = partial(_look, labels=labels, max_pixels=data.limits.max_image_pixels)
    photos, total = [], archive.layout.num_files
    all_found = map_files(look, archive.members())
    for found in tqdm(all_found, desc="photos", total=total, unit=" images", mininterval=1.0):
        if isinstance(found, _Photo):
            intake.keep(*found.sorted_into)
            photos.append(found)
        else:
            intake.reject(*found)
    intake.check_groups(labels.groups, labels.title)
    reasons = Counter(rejection.reason.partition(":")[0] for rejection in intake.rejections)
    return _summed_up(photos, dict(reasons.most_common()), near_duplicate_distance)


def _look(member: Member, labels: Labelling, max_pixels: int) -> _Photo | _Unusable:
    sorted_into = labels.label(member.name)
    if isinstance(sorted_into, str):
        return _Unusable(member.name, sorted_into, None)
    if member.content is None:
        return _Unusable(member.name, str(member.problem), sorted_into.group)
    try:
        image = decode(inspect(member.name, member.content, max_pixels))
    except Rejected as reason:
        return _Unusable(member.name, str(reason), sorted_into.group)
    return _Photo(member.name, sorted_into, pixel_digest(image), with_mirrored(image))


def _summed_up(photos: list[_Photo], rejected: dict[str, int], distance: int) -> Survey:
    groups: dict[int, list[_Photo]] = defaultdict(list)
    hashes = np.stack([photo.hashes for photo in photos])
    for number, photo in zip(
        group_duplicates([photo.digest for photo in photos], hashes, distance).numbers, photos, strict=True
    ):
        groups[int(number)].append(photo)
    of_one_label = [
        group for group in groups.values() if len({photo.sorted_into.label for photo in group}) == 1
    ]
    usable = Counter(photo.sorted_into.label for group in of_one_label for photo in group)
    return Survey(
        num_photos={label: usable[label] for label in LABELS},
        num_in_group=dict(Counter(photo.sorted_into.group for photo in photos)),
        rejected=rejected,
        num_copies=len(photos) - len(groups),
        num_under_both_labels=len(photos) - usable.total(),
        num_pictures=len(of_one_label),
        divided=divided_folders(photo.name for photo in photos),
    )
