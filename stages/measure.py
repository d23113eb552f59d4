"""Measure the predictions of one recipe: metrics, their intervals, and what they were made from.

Arrives: models/<recipe>/, data/measures/<recipe>.json; data/splits, for which examples are duplicates.
Leaves: reports/metrics/<recipe>.json, what DVC's tables show; reports/evaluations/<recipe>.json, all
metrics with intervals and curves; reports/provenance/<recipe>.json.
Run: python -m stages.measure <recipe>
"""

from typing import Any

from pawtrace.base.files import write_json
from pawtrace.base.stage_outputs import read_json
from pawtrace.base.stored_numbers import as_stored
from pawtrace.config import paths
from pawtrace.config.recipe_file import read_measure_params
from pawtrace.dataset.splitting.splits import group_by_id
from pawtrace.evaluation.evaluation import evaluate_predictions
from pawtrace.evaluation.metrics import measure
from pawtrace.evaluation.predictions import read_predictions, read_seed_predictions
from pawtrace.lineage.record.provenance import Provenance, reported
from pawtrace.running.entry_point import run_recipe_stage


def metrics_of(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The content of reports/metrics/<recipe>.json: few numbers, so that DVC's tables fit on a screen.

    reports/evaluations/<recipe>.json holds all metrics, of every split and seed.

    Returns:
      On test the accuracy, its 95 % interval and the log loss; `gap`, the accuracy on train above that on
      validation.
    """
    metrics, (low, high) = evaluation["metrics"], evaluation["intervals"]["accuracy"]
    test = {name: metrics["test"][name] for name in ("accuracy", "log_loss")}
    return {
        "test": {**test, "ci_low": low, "ci_high": high},
        "gap": metrics["train"]["accuracy"] - metrics["validation"]["accuracy"],
    }


def measure_recipe(recipe: str) -> None:
    """Measure a recipe and write its three files.

    Raises:
      DataError: what training left is missing or damaged.
      TrainingError: the predictions are no probabilities, or of one label only.
    """
    folder, params = paths.MODELS / recipe, read_measure_params(recipe)
    provenance = read_json(Provenance, folder / paths.PROVENANCE, f"train@{recipe}")
    group_of = group_by_id(paths.SPLITS)
    predictions = {
        split: of_split.grouped(group_of)
        for split, of_split in read_predictions(folder / "predictions.csv").items()
    }
    seed_predictions = read_seed_predictions(folder)
    evaluation = evaluate_predictions(predictions, params)
    test_metrics = {
        provenance.seeds[0]: evaluation["metrics"]["test"],
        **{seed: measure(predicted, params.calibration_bins) for seed, predicted in seed_predictions.items()},
    }
    evaluation["seeds"] = [
        {"seed": seed, "metrics": seed_metrics} for seed, seed_metrics in test_metrics.items()
    ]
    metrics = as_stored(metrics_of(evaluation))
    evaluation = as_stored(evaluation)
    content = reported(
        provenance,
        params,
        metrics=metrics,
        intervals=evaluation["intervals"],
        seed_accuracies=[run["metrics"]["accuracy"] for run in evaluation["seeds"]],
        predictions=predictions,
        seed_predictions=seed_predictions,
    )
    write_json(paths.EVALUATIONS / f"{recipe}.json", evaluation)
    write_json(paths.METRICS / f"{recipe}.json", metrics)
    write_json(paths.PROVENANCES / f"{recipe}.json", content.model_dump(mode="json"))
    test = metrics["test"]
    print(
        f"measure: {recipe}: test accuracy {test['accuracy']:.3f} "
        f"({test['ci_low']:.3f} to {test['ci_high']:.3f})"
    )


if __name__ == "__main__":
    run_recipe_stage(measure_recipe, "measure")
