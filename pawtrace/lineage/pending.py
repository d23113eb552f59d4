"""What a revision holds that its metrics do not show: edits after the last `dvc repro`."""

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pawtrace.lineage.dvc_cache import FOLDER, folder_md5, md5_of
from pawtrace.lineage.dvc_lock import flat
from pawtrace.lineage.revisions import Revision
from pawtrace.lineage.snapshot import Snapshot


def pending_of(snapshot: Snapshot) -> list[str]:
    """The params and modules that are not those of the last run, with the first stage they concern."""
    if snapshot.stages is None:
        return []
    params = _params(snapshot.revision)
    digests = _Digests(snapshot.revision)
    found: dict[str, str] = {}
    for stage, record in snapshot.stages.items():
        for key, value in record.params.items():
            if params is not None and params.get(key, value) != value:
                found.setdefault(f"{key}: {value} -> {params[key]}", stage)
        for path, md5 in record.code.items():
            if digests.of(path, is_folder=md5.endswith(FOLDER)) != md5:
                found.setdefault(path, stage)
    return [f"{what} (stage {stage})" for what, stage in found.items()]


def _params(revision: Revision) -> dict[str, object] | None:
    try:
        content = YAML(typ="safe", pure=True).load((revision.read("params.yaml") or b"").decode())
    except (YAMLError, UnicodeDecodeError):
        return None
    return flat(content) if isinstance(content, dict) else None


class _Digests(dict[str, str]):
    """The md5 of each path at a revision, as DVC computes it; each is computed once."""

    def __init__(self, revision: Revision) -> None:
        super().__init__()
        self._revision = revision

    def of(self, path: str, *, is_folder: bool) -> str:
        if path not in self:
            self[path] = self._folder(path) if is_folder else self._file(path)
        return self[path]

    def _file(self, path: str) -> str:
        return md5_of(self._revision.read(path) or b"")

    def _folder(self, path: str) -> str:
        files = self._revision.blobs(path)
        return folder_md5({file.removeprefix(f"{path}/"): self._file(file) for file in files})
