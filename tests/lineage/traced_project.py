"""A project with git, dvc.lock and DVC's cache, made up: what a run would have recorded, without one."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pawtrace.base.files import fingerprint
from pawtrace.config.params import merged
from pawtrace.evaluation.predictions import Predictions, write_predictions
from pawtrace.lineage.record.code import module_fingerprints
from pawtrace.lineage.record.provenance import Code, ReportedProvenance, answers_of
from pawtrace.lineage.trace.dvc_cache import cache_folder, folder_md5, md5_of, object_path
from tests.lineage.made_up_provenance import made_up_provenance

NUM_TEST = 100
CODE = {
    "download": "stages/download.py",
    "split": "stages/split.py",
    "preprocess": "stages/preprocess.py",
    "train": "pawtrace/learning",
    "measure": "stages/measure.py",
    "report": "stages/report.py",
}
PARAMS: dict[str, Any] = {
    "data": {"sample_size": 200},
    "split": {"seed": 0},
    "preprocess": {"image_size_px": 64},
    "train": {"batch_size": 16, "learning_rate": 0.001},
    "probe": {},
    "evaluate": {"num_bootstrap": 100},
    "recipes": {
        "plain": {"question": "?", "builds_on": None, "overrides": {}},
        "fast": {"question": "?", "builds_on": "plain", "overrides": {"train": {"learning_rate": 0.01}}},
    },
}


class TracedProject:
    """What a run of the pipeline is made from; `run` records it, `commit` keeps it.

    Attributes:
      params: the content of params.yaml.
      examples: id -> (split, label, group).
      num_right: by recipe, the test examples that it is right on: the first so many.
      page: the content of reports/page/index.html, which DVC's cache keeps, where there is any.
      seeds: the accuracy of every recipe's seeds, where there are several.
      noise: added to every stored number, as another processor's sums would.
      gap: between train and validation, of every recipe.
      records: further files of data/records.
      provenance: changes of the fields of every recipe's provenance.
    """

    def __init__(self, folder: Path) -> None:
        """Begin a project in the current folder, with one commit."""
        self.params = copy.deepcopy(PARAMS)
        self.examples = {f"Cat/{n}.jpg": ("train", "cat", f"{n:016d}") for n in range(20)}
        for n in range(NUM_TEST):
            label = ("cat", "dog")[n % 2]
            self.examples[f"{label.title()}/t{n}.jpg"] = ("test", label, f"7{n:015d}")
        self.num_right = {"plain": 80, "fast": 85}
        self.provenance: dict[str, Any] = {}
        self.records: dict[str, bytes] = {}
        self.page = b""
        self.seeds: list[float] = []
        self.noise = 0.0
        self.gap = 0.0
        self.folder = folder
        Path("dvc.yaml").touch()
        self.git("init", "-q", "-b", "main")
        Path(".gitignore").write_text("data/\nmodels/\n.dvc/cache\n")
        for path in CODE.values():
            self.write_code(path, "value = 1\n")
        self.run()
        self.commit("start")

    def git(self, *words: str) -> str:
        """Run git in the project."""
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", *who, *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, subject: str) -> str:
        """Commit everything; give the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def empty_cache(self) -> None:
        """Lose all that DVC keeps."""
        shutil.rmtree(cache_folder() / "files")

    def write_code(self, path: str, source: str) -> None:
        """Write a module: of a folder, the module `fit.py` in it."""
        file = Path(path if path.endswith(".py") else f"{path}/fit.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)

    def run(self) -> None:
        """Record what a run would: data, models, metrics, provenance, dvc.lock."""
        Path("params.yaml").write_text(yaml.safe_dump(self.params))
        stages: dict[str, Any] = {}
        raw = self._keep("data/raw", {"examples": json.dumps(sorted(self.examples)).encode()})
        splits = self._keep("data/splits", self._manifests())
        made_from = f"{raw}{splits}{self.params['preprocess']}".encode()
        records = self._keep("data/records", {"made_from": made_from, **self.records})
        stages["download"] = self._stage("download", [], {"data/raw": raw})
        stages["split"] = self._stage("split", [("data/raw", raw)], {"data/splits": splits})
        stages["preprocess"] = self._stage("preprocess", [("data/splits", splits)], {"data/records": records})
        stages["resolve"] = self._stage("resolve", [], {})
        for recipe in self.params["recipes"]:
            model = {f"models/{recipe}": self._keep(f"models/{recipe}", self._model(recipe))}
            stages[f"train@{recipe}"] = self._stage("train", [("data/records", records)], model)
            metrics = {f"reports/metrics/{recipe}.json": md5_of(self._write_recipe(recipe))}
            stages[f"measure@{recipe}"] = self._stage("measure", list(model.items()), metrics)
        outs = {}
        if self.page:
            outs["reports/page"] = self._keep("reports/page", {"index.html": self.page})
        stages["report"] = self._stage("report", [], outs)
        Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False))

    def _stage(self, name: str, deps: list[tuple[str, str]], outs: dict[str, str]) -> dict[str, Any]:
        sections = {"download": ("data",), "resolve": ("train", "probe", "evaluate", "recipes")}
        params = sections.get(name, (name,) if name in ("split", "preprocess") else ())
        entries = list(deps)
        if name in CODE:
            entries.append((CODE[name], self._code_md5(CODE[name])))
        return {
            "cmd": f"python -m stages.{name}",
            "deps": [{"path": path, "md5": md5} for path, md5 in entries],
            "params": {"params.yaml": {section: self.params[section] for section in params}},
            "outs": [{"path": path, "md5": md5} for path, md5 in outs.items()],
        }

    def _code_md5(self, path: str) -> str:
        if path.endswith(".py"):
            return md5_of(Path(path).read_bytes())
        return folder_md5({file.name: md5_of(file.read_bytes()) for file in Path(path).iterdir()})

    def _keep(self, folder: str, files: dict[str, bytes]) -> str:
        """Write an output folder, and DVC's cache of it."""
        md5s = {}
        for name, content in files.items():
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_bytes(content)
            md5s[name] = self._cache(md5_of(content), content)
        listed = json.dumps([{"md5": md5, "relpath": name} for name, md5 in sorted(md5s.items())])
        return self._cache(folder_md5(md5s), listed.encode())

    def _cache(self, md5: str, content: bytes) -> str:
        copy = object_path(md5)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
        return md5

    def _manifests(self) -> dict[str, bytes]:
        rows: dict[str, list[str]] = {split: ["id,label,group"] for split in ("train", "validation", "test")}
        for id, (split, label, group) in sorted(self.examples.items()):
            rows[split].append(f"{id},{label},{group}")
        return {f"{split}.csv": ("\n".join(of_split) + "\n").encode() for split, of_split in rows.items()}

    def predictions(self, recipe: str) -> Predictions:
        """The recipe's predictions on test: right on the first `num_right` examples."""
        test = sorted((id, label) for id, (split, label, _) in self.examples.items() if split == "test")
        labels = np.array([label == "dog" for _, label in test], np.int64)
        right = np.arange(len(test)) < self.num_right[recipe]
        probabilities = np.where(right == (labels == 1), 0.9, 0.1)
        group_of = {id: group for id, (_, _, group) in self.examples.items()}
        return Predictions([id for id, _ in test], labels, probabilities, group_of)

    def _model(self, recipe: str) -> dict[str, bytes]:
        path = Path(f"models/{recipe}/predictions.csv")
        write_predictions(path, {"test": self.predictions(recipe)})
        return {path.name: path.read_bytes()}

    def _write_recipe(self, recipe: str) -> bytes:
        predictions = self.predictions(recipe)
        accuracy = float(np.mean(predictions.predicted == predictions.labels))
        accuracy += self.noise
        interval = (accuracy - 0.1, accuracy + 0.1)
        bounds = dict(zip(("ci_low", "ci_high"), interval, strict=True))
        metrics = {"gap": self.gap, "test": {"accuracy": accuracy, **bounds}}
        sections = {name: self.params[name] for name in ("train", "probe", "evaluate")}
        for name in ("plain", recipe):
            sections = merged(sections, self.params["recipes"][name]["overrides"])
        modules = module_fingerprints(Path("pawtrace/learning").glob("*.py"), Path())
        code = Code(fingerprint=fingerprint(modules), modules=modules)
        recorded = made_up_provenance(recipe, **{"params": sections, "code": code, **self.provenance})
        reported = ReportedProvenance(
            **dict(recorded),
            metrics=fingerprint(metrics),
            measured=fingerprint([accuracy, predictions.ids]),
            intervals={"accuracy": interval},
            seed_accuracies=self.seeds,
            test=answers_of(predictions),
        )
        content = json.dumps(metrics).encode()
        for kind, text in (("metrics", content), ("provenance", reported.model_dump_json().encode())):
            Path(f"reports/{kind}").mkdir(parents=True, exist_ok=True)
            Path(f"reports/{kind}/{recipe}.json").write_bytes(text)
        return content
