"""Measure the predictions of one recipe: metrics, their intervals, and what they were made from.

Arrives: models/<recipe>/, data/measures/<recipe>.json.
Leaves: reports/metrics/<recipe>.json, numbers only; reports/evaluations/<recipe>.json, with intervals
and curves; reports/provenance/<recipe>.json.
Run: python -m stages.measure <recipe>
"""

import sys
from pathlib import Path
from typing import Any

from pawtrace.base.errors import ParamsError
from pawtrace.base.files import write_json
from pawtrace.base.stage_outputs import read_json
from pawtrace.config import paths
from pawtrace.config.recipe_file import read_measure_params
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.predictions import Predictions, read_predictions
from pawtrace.lineage.record.provenance import Provenance, reported
from pawtrace.running.entry_point import run_stage

_SEED = "predictions_seed_"


def metrics_of(
    evaluation: dict[str, Any], seed_predictions: dict[int, Predictions]
) -> dict[str, dict[str, float]]:
    """The content of reports/metrics/<recipe>.json.

    Returns:
      Metrics by split; on test also the accuracy's interval, and with several seeds its mean and range.
    """
    metrics = {split: dict(values) for split, values in evaluation["metrics"].items()}
    low, high = evaluation["intervals"]["accuracy"]
    metrics["test"] |= {"accuracy_low": low, "accuracy_high": high}
    if seed_predictions:
        accuracies = [run["metrics"]["accuracy"] for run in evaluation["seeds"]]
        metrics["test"] |= {
            "accuracy_seeds_mean": sum(accuracies) / len(accuracies),
            "accuracy_seeds_min": min(accuracies),
            "accuracy_seeds_max": max(accuracies),
        }
    return metrics


def measure_recipe(recipe: str) -> None:
    """Measure a recipe and write its three files.

    Raises:
      DataError: what training left is missing or damaged.
      TrainingError: the predictions are no probabilities, or of one label only.
    """
    folder, params = paths.MODELS / recipe, read_measure_params(recipe)
    provenance = read_json(Provenance, folder / paths.PROVENANCE, f"train@{recipe}")
    predictions = read_predictions(folder / "predictions.csv")
    files = folder.glob(f"{_SEED}*.csv")
    seed_predictions = {_seed_of(path): read_predictions(path)["test"] for path in files}
    evaluation = evaluate_predictions(predictions, params)
    test_predictions = {provenance.seeds[0]: predictions["test"], **dict(sorted(seed_predictions.items()))}
    evaluation["seeds"] = [
        {"seed": seed, "metrics": measure(run_predictions, params.calibration_bins)}
        for seed, run_predictions in test_predictions.items()
    ]
    metrics = metrics_of(evaluation, seed_predictions)
    content = reported(
        provenance,
        params,
        metrics=metrics,
        intervals=evaluation["intervals"],
        predictions=predictions,
        seed_predictions=seed_predictions,
    )
    write_json(paths.EVALUATIONS / f"{recipe}.json", evaluation)
    write_json(paths.METRICS / f"{recipe}.json", metrics)
    write_json(paths.PROVENANCES / f"{recipe}.json", content.model_dump(mode="json"))
    test = metrics["test"]
    print(
        f"measure: {recipe}: test accuracy {test['accuracy']:.3f} "
        f"({test['accuracy_low']:.3f} to {test['accuracy_high']:.3f})"
    )


def _seed_of(path: Path) -> int:
    return int(path.stem.removeprefix(_SEED))


def main() -> None:
    """Read the recipe's name from the command line."""
    if len(sys.argv) != 2:
        recipes = ", ".join(sorted(file.stem for file in paths.MEASURES.glob("*.json")))
        raise ParamsError(f"expected the name of one recipe; there are: {recipes}")
    measure_recipe(sys.argv[1])


if __name__ == "__main__":
    run_stage(main, f"measure@{sys.argv[1]}" if len(sys.argv) == 2 else "measure")
