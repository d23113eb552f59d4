"""How often is the diagnosis right? Train planted faults and healthy runs, and count.

Run: python -m benchmarks.verdicts [folder]. Real photos and a pretrained backbone are used where
PAWTRACE_PETS_ARCHIVE and PAWTRACE_BACKBONE name them. Each trained case and each cure that was tried is
kept in the folder, so a run that was broken off goes on, and a changed rule is measured without training.
After a change of how networks train, and for other seeds, take another folder. Prints, and writes to the
folder as verdicts.md: recall and precision of each verdict with intervals, the confusion table, how often
the cure worked.
"""

import argparse
import os
import pickle
import shutil
import time
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.planted_faults.cases import PLAIN, Case, cases
from benchmarks.planted_faults.counts import is_right, summary
from benchmarks.planted_faults.pictures import draw_stock
from benchmarks.planted_faults.runs import Run, flipped_ids, params_of, predictions_of, prepare, run
from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import fingerprint, new_file, write_json, write_text
from pawtrace.config.train_params import TrainParams
from pawtrace.diagnosis.diagnosis import Diagnosis, diagnose
from pawtrace.diagnosis.next_step import cured
from pawtrace.evaluation.predictions import Predictions
from pawtrace.results.paired import paired_difference
from pawtrace.results.results import Result

# A case to a core: faster than all cores for each. The last one is the number of cores as the input sees it.
_ONE_CORE = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def main() -> None:
    """Run what is not finished yet, then count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(".pawtrace/verdicts"))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no case after so long")
    parser.add_argument("--first-seed", type=int, default=0, help="another one: other pictures and weights")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if not _stock(options.folder).exists():
        draw_stock(_stock(options.folder), PLAIN.size_px)
    chosen = [case for case in cases(options.first_seed) if options.only in case.full_name]
    end = time.time() + 60 * options.minutes
    os.environ |= dict.fromkeys(_ONE_CORE, "1")
    outcomes = []
    finish = partial(_finish, folder=options.folder, end=end)
    # New processes now and then: TensorFlow keeps memory. (ProcessPoolExecutor hangs when it replaces one.)
    with get_context("spawn").Pool(maxtasksperchild=8) as processes:
        for number, outcome in enumerate(processes.imap_unordered(finish, chosen), start=1):
            if outcome is not None:
                outcomes.append(outcome)
                print(f"{number} of {len(chosen)} {_line(outcome)}", flush=True)
    text = summary(outcomes)
    write_text(options.folder / "verdicts.md", text)
    write_json(options.folder / "outcomes.json", sorted(outcomes, key=lambda outcome: outcome["case"]))
    print(text)


def _stock(folder: Path) -> Path:
    return folder / "drawn.npy"


def _line(outcome: dict[str, Any]) -> str:
    right = "right" if is_right(outcome) else f"WRONG, {outcome['right'][0]} was planted"
    cure = f", {outcome['cure']}: {outcome['cure_difference']}" if "cure" in outcome else ""
    return f"{outcome['case']}: {outcome['verdict']} ({right}){cure}, {outcome['seconds']} s"


def _finish(case: Case, folder: Path, end: float) -> dict[str, Any] | None:
    """Train a case, diagnose it, and try the first cure of a clear fault; None where the time is over."""
    if time.time() > end:
        return None
    start = time.monotonic()
    made = run(case, folder, _stock(folder))
    outcome: dict[str, Any] = {"case": case.full_name, "right": case.right, "severity": case.severity}
    if made.result is None:
        # A recipe whose loss is not finite fails as such: its message says what the verdict would.
        outcome |= {"verdict": "unstable" if "finite" in made.failure else "failed", "sentence": made.failure}
    else:
        found = diagnose(made.result, made.data, params_of(case.network).diagnose, made.train)
        outcome |= {
            "verdict": found.verdict,
            "cause": found.cause,
            "sentence": found.sentence,
            "numbers": found.numbers,
            "failed": [check.verdict for check in found.checks if check.state == "failed"],
        }
        if case.right == ("label_noise",):
            outcome |= _suspects(case, made.result, found, folder)
        if case.severity != "borderline":
            outcome |= _cure(case, made, found, folder)
    return outcome | {"seconds": round(time.monotonic() - start)}


def _suspects(case: Case, result: Result, found: Diagnosis, folder: Path) -> dict[str, Any]:
    """How many suspects have a flipped label, and how many flipped labels of what was judged are suspects."""
    flipped = flipped_ids(case, _stock(folder))
    probe = result.probes.linear_probe
    judged = set() if probe is None else set(probe.judges[probe.expected].ids)
    judged |= {id for split in ("validation", "test") for id in result.predictions[split].ids}
    suspects = {suspect.id for suspect in found.suspects}
    return {
        "num_suspects": len(suspects),
        "num_flipped": len(flipped & judged),
        "num_flipped_suspects": len(flipped & suspects),
    }


def _cure(case: Case, made: Run, found: Diagnosis, folder: Path) -> dict[str, Any]:
    """Whether the first cure raises the test accuracy measurably, where params can make it."""
    if not found.cures or found.cures[0].overrides is None or made.result is None:
        return {}
    cure = found.cures[0]
    kept = folder / f"{case.full_name}_{fingerprint(cure.overrides)[:8]}.cure"
    if not kept.exists():
        predicted = _cured_predictions(case, cured(made.train, cure), folder)
        with new_file(kept) as file:
            file.write_bytes(pickle.dumps(predicted))
    predictions: dict[str, Predictions] | str = pickle.loads(kept.read_bytes())  # our own file
    if isinstance(predictions, str):
        return {"cure": cure.name, "cure_worked": False, "cure_difference": predictions}
    difference = paired_difference(predictions["test"], made.result.predictions["test"])
    assert difference is not None
    points = [round(100 * share, 1) for share in (difference.difference, difference.low, difference.high)]
    return {"cure": cure.name, "cure_worked": difference.low > 0, "cure_difference": points}


def _cured_predictions(case: Case, train: TrainParams, folder: Path) -> dict[str, Predictions] | str:
    """What the cured recipe predicts, or why it does not."""
    work = folder / "work" / f"{case.full_name}_cured"
    _, records, _ = prepare(case, work, _stock(folder))
    own = train.model_copy(update={"backbone": str(work / "network.keras")})
    try:
        return predictions_of(
            train if case.network.is_pretrained else own, params_of(case.network), records, work
        )
    except PawtraceError as error:
        return str(error)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
