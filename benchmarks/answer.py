"""Keep what the recipes of profile `answer` reached, and write it into docs/answer.md.

They train for longer than a sitting, and DVC's cache stays on the machine that trained. So what is small goes
to git: the figures of each recipe, and on which pictures it was right. What another machine measured stays
until this one has measured it too.
Arrives: a project whose params.yaml is the profile, the recipes that DVC has finished, docs/answer.json.
Leaves: docs/answer.json, docs/answer.svg and, between its marks, docs/answer.md.
Run: python -m benchmarks.answer
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.answer_tables import accuracy_chart, claims_table, recipes_table
from pawtrace.base.errors import DataError
from pawtrace.base.files import write_json, write_text
from pawtrace.config import paths
from pawtrace.config.params import Params, load_params
from pawtrace.config.sections import SPLITS
from pawtrace.dataset.splitting.splits import group_by_id
from pawtrace.evaluation.predictions import Predictions
from pawtrace.report.ladder import Rung, climb
from pawtrace.results.data_summary import read_data_summary
from pawtrace.results.origins import read_origins
from pawtrace.results.results import read_result
from pawtrace.running.dvc import ask_dvc
from pawtrace.running.entry_point import errors_in_one_line

PAGE, KEPT, CHART = Path("docs/answer.md"), Path("docs/answer.json"), Path("docs/answer.svg")


def main() -> None:
    """Add what is finished here to what is kept, and write the page."""
    params = load_params()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    finished = finished_recipes(params.recipes)
    days = {name: f"{origin.start:%Y-%m-%d}" for name, origin in read_origins(finished).items()}
    kept = merged(
        kept, {rung.recipe: figures_of(rung, days[rung.recipe]) for rung in _rungs(params, finished)}
    )
    kept["recipes"] = {name: kept["recipes"][name] for name in params.recipes if name in kept["recipes"]}
    write_json(KEPT, kept)
    write_text(CHART, accuracy_chart(kept["recipes"]))
    tables = {"recipes": recipes_table(kept), "claims": claims_table(kept)}
    write_text(PAGE, filled(PAGE.read_text(encoding="utf-8"), tables))
    missing = [name for name in params.recipes if name not in kept["recipes"]]
    print(f"answer: {len(finished)} recipes finished here, {len(kept['recipes'])} in {KEPT}")
    print(f"answer: not measured yet: {', '.join(missing) or 'none'}")


def finished_recipes(recipes: Iterable[str]) -> list[str]:
    """The recipes whose results are those of the params, the data and the code that are here."""
    answer = ask_dvc("status", "--json", *(f"measure@{name}" for name in recipes))
    stale = next((json.loads(line) for line in answer.lines if line.startswith("{")), None)
    if answer.code != 0 or stale is None:
        raise DataError(f"dvc status: expected an answer, found: {answer.last_words}; run: dvc status")
    return [name for name in recipes if f"measure@{name}" not in stale]


def figures_of(rung: Rung, day: str) -> dict[str, Any]:
    """What is kept of a recipe: shares are 0..1; `right` has a 1 or a 0 for each picture."""
    result = rung.result
    return {
        "change": rung.change,
        "builds_on": rung.builds_on,
        "claim": rung.claim and rung.claim.model_dump(),
        "overfits": rung.overfits,
        "verdict": rung.diagnosis.verdict,
        "accuracy": {split: result.metric(split, "accuracy") for split in SPLITS},
        "interval": list(rung.test_interval),
        "log_loss": result.metric("test", "log_loss"),
        "minutes": rung.minutes,
        "num_weights": result.training.num_weights,
        "day": day,
        "test": _right_on(result.predictions["test"]),
    }


def merged(kept: Mapping[str, Any], new: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The kept figures with new ones in place of or beside them; the pictures are kept once for all.

    Raises:
      DataError: what is kept was measured on other pictures.
    """
    pictures, recipes = kept.get("pictures"), dict(kept.get("recipes", {}))
    for name, figures in new.items():
        *described, right = figures["test"]
        if (pictures := pictures or described) != described:
            raise DataError(f"{KEPT}: expected figures of these test pictures, found others; remove the file")
        recipes[name] = {**figures, "test": right}
    return {"pictures": pictures, "recipes": recipes}


def filled(page: str, tables: Mapping[str, str]) -> str:
    """The page with each table between its marks, `<!-- name -->` and `<!-- end -->`."""
    for name, table in tables.items():
        page, number = re.subn(
            rf"(<!-- {name} -->\n).*?(\n<!-- end -->)",
            lambda match: f"{match[1]}{table}{match[2]}",  # noqa: B023 - called before the next table
            page,
            flags=re.DOTALL,
        )
        if number != 1:
            raise DataError(f"{PAGE}: expected one place for a table, <!-- {name} -->, found {number}")
    return page


def _right_on(test: Predictions) -> list[Any]:
    """Ids, labels and groups of duplicates of the pictures; for each, whether its prediction is right."""
    right = (test.predicted == test.labels).astype(int)
    return [test.ids, test.labels.tolist(), test.groups, "".join(map(str, right))]


def _rungs(params: Params, finished: Iterable[str]) -> list[Rung]:
    group_of = group_by_id(paths.SPLITS)
    results = {name: read_result(name, params.recipes[name].question, group_of) for name in finished}
    return climb(params, results, read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json"))


if __name__ == "__main__":
    with errors_in_one_line("answer", again="python -m benchmarks.answer"):
        main()
