"""Gather what every recipe is worth and why: diagnoses, the ladder, plots, one page.

Arrives: models/<recipe>/ and reports/evaluations/<recipe>.json of every recipe in params.yaml,
reports/data.json, data/splits/overlap.csv, what was rejected, data/review.csv.
Leaves: reports/diagnosis/<recipe>.json, reports/ladder.md, reports/plots/*.csv, reports/report.html.
Run: python -m stages.report
"""

from typing import Any

from pawtrace.base.files import new_folder, write_json, write_text
from pawtrace.base.stored_numbers import as_stored
from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.dataset.splitting.review import read_review
from pawtrace.diagnosis.shortcuts import striking_shortcuts
from pawtrace.report.claims import Judgement, judge_claims
from pawtrace.report.dvc_plots import plot_tables
from pawtrace.report.ladder import Rung, climb
from pawtrace.report.ladder_markdown import ladder_markdown
from pawtrace.report.page import MAX_SUSPECTS, report_page
from pawtrace.report.reason import best_words
from pawtrace.results.data_summary import read_data_summary
from pawtrace.results.origins import read_origins
from pawtrace.results.results import read_results
from pawtrace.running.entry_point import run_stage


def diagnosis_of(rung: Rung) -> dict[str, Any]:
    """The content of reports/diagnosis/<recipe>.json."""
    content = rung.diagnosis._asdict()
    content["suspects"] = [suspect._asdict() for suspect in rung.diagnosis.suspects[:MAX_SUSPECTS]]
    content["checks"] = [check._asdict() for check in rung.diagnosis.checks]
    content["cures"] = [cure._asdict() for cure in rung.diagnosis.cures]
    following = rung.next
    return content | {"next": following and {"recipe": following.recipe, "sentence": following.sentence}}


def write_reports(rungs: list[Rung], judgements: list[Judgement]) -> None:
    """Write everything that the results alone determine; all but the page is small text for git."""
    with new_folder(paths.REPORTS / "diagnosis") as folder:
        for rung in rungs:
            write_json(folder / f"{rung.recipe}.json", as_stored(diagnosis_of(rung)))
    with new_folder(paths.REPORTS / "plots") as folder:
        for name, text in plot_tables([rung.result for rung in rungs]).items():
            write_text(folder / name, text)
    write_text(paths.REPORTS / "ladder.md", ladder_markdown(rungs, judgements))


def main() -> None:
    """Run the stage."""
    params = load_params()
    results = read_results(params)
    data = read_data_summary(paths.RAW, paths.SPLITS, paths.REPORTS / "data.json")
    data = data._replace(reviewed=frozenset(read_review()))
    rungs = climb(params, results, data)
    judgements = judge_claims(rungs)
    shortcuts = striking_shortcuts(data, results.values(), params.diagnose.shortcut_accuracy)
    page = report_page(rungs, judgements, data, shortcuts, read_origins(results), params.diagnose)
    write_reports(rungs, judgements)
    write_text(paths.REPORTS / "report.html", page)
    for shortcut in shortcuts:
        print(f"report: {shortcut.words}")
    print(f"report: {best_words(rungs)} See reports/report.html")


if __name__ == "__main__":
    run_stage(main, "report")
