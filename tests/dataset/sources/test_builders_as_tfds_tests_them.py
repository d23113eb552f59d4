import tempfile
from pathlib import Path
from unittest import mock

import tensorflow_datasets as tfds
from tensorflow_datasets.image_classification import cats_vs_dogs

from pawtrace.dataset.sources.builders import CatsVsDogs, PetArchive
from pawtrace.dataset.sources.intake import Intake
from tests.dataset.photos import data_params, pet_files, published_files, write_archive


class PetArchiveTest(tfds.testing.DatasetBuilderTestCase):
    """TFDS's own test of a builder: registered, written, read, features as described."""

    DATASET_CLASS = PetArchive
    SPLITS = {"train": 6}

    @classmethod
    def setUpClass(cls) -> None:
        cls.EXAMPLE_DIR = cls.enterClassContext(tempfile.TemporaryDirectory())
        write_archive(Path(cls.EXAMPLE_DIR) / "a.zip", pet_files() | {"README.txt": b"hello"})
        super().setUpClass()

    def _make_builder(self, config: object = None) -> PetArchive:
        return PetArchive(
            archive=Path(self.EXAMPLE_DIR) / "a.zip",
            data=data_params(),
            intake=Intake(print),
            data_dir=self.tmp_dir,
            config=config,
        )


class CatsVsDogsTest(tfds.testing.DatasetBuilderTestCase):
    """The same for TFDS's builder as it is used here."""

    DATASET_CLASS = CatsVsDogs
    SPLITS = {"train": 6}
    DL_EXTRACT_RESULT = "cats_vs_dogs.zip"

    @classmethod
    def setUpClass(cls) -> None:
        cls.EXAMPLE_DIR = cls.enterClassContext(tempfile.TemporaryDirectory())
        write_archive(Path(cls.EXAMPLE_DIR) / "cats_vs_dogs.zip", published_files())
        super().setUpClass()
        patch = mock.patch.object(cats_vs_dogs, "_NUM_CORRUPT_IMAGES", 2)
        patch.start()
        cls.addClassCleanup(patch.stop)

    def _make_builder(self, config: object = None) -> CatsVsDogs:
        return CatsVsDogs(intake=Intake(print), data_dir=self.tmp_dir, config=config)
