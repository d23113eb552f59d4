"""Stage `download`: photos from one of three sources as one prepared TFDS dataset.

Arrives: `data.*` of params.yaml; for `archive` and `cats_vs_dogs` the archive that it names.
Leaves: data/raw/, which `tfds.builder_from_directory` reads, with rejected.csv (file, reason) and
source.json (what the photos came from).
Command: python -m stages.download
"""

import shutil
from pathlib import Path

import tensorflow_datasets as tfds

from pawtrace.base.files import new_folder, write_json, write_text
from pawtrace.config.params import load_params
from pawtrace.config.paths import RAW, WORK
from pawtrace.config.sections import DataParams
from pawtrace.dataset.sources.archive import checked_digest
from pawtrace.dataset.sources.builders import CatsVsDogs, PetArchive
from pawtrace.dataset.sources.drawn.sample import write_sample_archive
from pawtrace.dataset.sources.intake import Intake
from pawtrace.dataset.sources.published import check_copy, fetch, published
from pawtrace.running.entry_point import run_stage
from pawtrace.running.importing import garbage_left_alone


def main() -> None:
    """Prepare data/raw from the source that params.yaml names.

    Raises:
      PawtraceError: params.yaml or the archive is unusable; data/raw is then as it was.
    """
    data = load_params().data
    tfds.disable_progress_bar()
    with new_folder(RAW) as folder:
        workspace = folder / "workspace"
        workspace.mkdir()
        archive = _archive(data, workspace)
        digest = checked_digest(archive, data.archive_sha256, follow_links=data.follow_links)
        intake = Intake(announce=_say)
        _prepare(_builder(data, archive, workspace, intake), workspace, folder)
        write_text(folder / "rejected.csv", intake.as_csv())
        source = {
            "source": data.source,
            "archive": archive.name,
            "archive_sha256": digest,
            "num_examples": intake.num_examples,
            "num_rejected": len(intake.rejections),
        }
        write_json(folder / "source.json", source)
        shutil.rmtree(workspace)
    _say(f"{intake.summary()}; {RAW}/rejected.csv lists them")
    if data.follow_links:
        _say("DVC does not see changes behind links to folders; after one, run: dvc repro --force download")


def _archive(data: DataParams, workspace: Path) -> Path:
    match data.source:
        case "sample":
            path = workspace / "sample.zip"
            _say(f"drawing {data.sample_size} pictures")
            write_sample_archive(path, data.sample_size, data.sample_seed)
            return path
        case "cats_vs_dogs" if data.archive is None:
            return _under_its_name(fetch(WORK / "downloads"), workspace)
        case "cats_vs_dogs":
            path = Path(str(data.archive))
            check_copy(path)
            return _under_its_name(path, workspace)
        case "archive":
            return Path(str(data.archive))


def _under_its_name(path: Path, workspace: Path) -> Path:
    """TFDS takes a copy of the published archive under exactly its name, else asks the network."""
    link = workspace / published().file_name
    link.symlink_to(path.resolve())
    return link


def _builder(
    data: DataParams, archive: Path, workspace: Path, intake: Intake
) -> tfds.core.GeneratorBasedBuilder:
    if data.source == "cats_vs_dogs":
        return CatsVsDogs(intake=intake, data_dir=workspace)
    return PetArchive(archive=archive, data=data, intake=intake, data_dir=workspace)


def _prepare(builder: tfds.core.GeneratorBasedBuilder, workspace: Path, folder: Path) -> None:
    with garbage_left_alone():
        import tensorflow  # noqa: F401 (TFDS would import it a moment later)
    builder.download_and_prepare(
        download_dir=workspace / "downloads",
        download_config=tfds.download.DownloadConfig(manual_dir=workspace, try_download_gcs=False),
    )
    for file in Path(builder.data_dir).iterdir():
        file.rename(folder / file.name)


def _say(line: str) -> None:
    print(f"download: {line}", flush=True)


if __name__ == "__main__":
    run_stage(main, "download")
