"""Gather what every recipe is worth: metrics, the ladder, plots, one page.

Arrives: models/<recipe>/ of every recipe in params.yaml, reports/data.json, what was rejected.
Leaves: reports/metrics/<recipe>.json, reports/ladder.md, reports/plots/*.csv, reports/report.html.
Run: python -m stages.report
"""

from pawtrace.config import paths
from pawtrace.config.entry_point import run_stage
from pawtrace.config.files import new_folder, write_json, write_text
from pawtrace.config.params import load_params
from pawtrace.evaluation.data_summary import read_data_summary
from pawtrace.evaluation.ladder import best_rung, ladder_markdown, rung_of
from pawtrace.evaluation.page import report_page
from pawtrace.evaluation.plot_data import plot_tables
from pawtrace.evaluation.results import Result, read_result


def metrics_of(result: Result) -> dict[str, dict[str, float]]:
    """The content of reports/metrics/<recipe>.json: metrics by split, accuracy's interval on test."""
    metrics = {split: dict(values) for split, values in result.evaluation.metrics.items()}
    low, high = result.evaluation.intervals["accuracy"]
    metrics["test"] |= {"accuracy_low": low, "accuracy_high": high}
    return metrics


def write_reports(results: list[Result]) -> None:
    """Write everything that the results alone determine; all but the page is small text for git."""
    with new_folder(paths.REPORTS / "metrics") as folder:
        for result in results:
            write_json(folder / f"{result.name}.json", metrics_of(result))
    with new_folder(paths.REPORTS / "plots") as folder:
        for name, text in plot_tables(results).items():
            write_text(folder / name, text)
    write_text(paths.REPORTS / "ladder.md", ladder_markdown([rung_of(result) for result in results]))


def main() -> None:
    """Run the stage."""
    recipes = load_params().recipes
    results = [read_result(paths.MODELS / name, recipe.question) for name, recipe in recipes.items()]
    data = read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json")
    rungs = [rung_of(result) for result in results]
    page = report_page(results, rungs, data)
    write_reports(results)
    write_text(paths.REPORTS / "report.html", page)
    best = best_rung(rungs)
    print(
        f"report: {len(rungs)} recipes, best {best.recipe} with test accuracy {best.test_accuracy:.3f} "
        f"({best.test_accuracy_low:.3f} to {best.test_accuracy_high:.3f}); see reports/report.html"
    )


if __name__ == "__main__":
    run_stage(main, "report")
