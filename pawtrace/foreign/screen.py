"""A diagnosis as one screen of text, and as plain content for JSON."""

import shutil
import textwrap
from typing import TYPE_CHECKING, Any

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.sections import LABELS
from pawtrace.diagnosis.cures.names_in_lines import names_explained
from pawtrace.diagnosis.finding import Check
from pawtrace.diagnosis.label_quality import Suspect
from pawtrace.diagnosis.scores import score_of
from pawtrace.evaluation.metrics import measure
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.judging.photo_kinds import kinds_of
from pawtrace.foreign.measuring.measure import Measured
from pawtrace.results.number_words import percent, plural

if TYPE_CHECKING:
    from pawtrace.foreign.diagnosing import ForeignDiagnosis

_WIDTH, _LEAST_WIDTH = 110, 60  # columns at most, and in a terminal that is narrower
_NUM_CURES = 3
_NUM_SUSPECTS = 5


def as_screen(diagnosis: "ForeignDiagnosis") -> str:
    """The whole screen."""
    rows = [] if diagnosis.measured is None else about(diagnosis.measured)
    lines = [line for row in rows for line in _wrapped(*row)]
    lines += _wrapped("verdict", f"{diagnosis.verdict.replace('_', ' ')}. {diagnosis.sentence}")
    for number, cure in enumerate(diagnosis.cures[:_NUM_CURES], start=1):
        lines += _wrapped("what to do" if number == 1 else "", f"{number}. {cure.words}")
        if cure.has_code:
            lines += [f"{'':15}{line}" for line in cure.keras.splitlines()]
    if len(diagnosis.cures) > _NUM_CURES:
        left_out = plural(len(diagnosis.cures) - _NUM_CURES, "more cure")
        lines += _wrapped("", f"{left_out}: add --html FILE or --json")
    lines += _wrapped("", names_explained(cure.keras for cure in diagnosis.cures[:_NUM_CURES]))
    for note in diagnosis.notes:
        lines += _wrapped("note", note)
    if diagnosis.suspects:
        lines += _wrapped("suspects", _suspects_words(diagnosis.suspects))
    lines += ["", *_check_lines(diagnosis.checks)]
    return "\n".join(lines) + "\n"


def _suspects_words(suspects: list[Suspect]) -> str:
    shown = suspects[:_NUM_SUSPECTS]
    words = ", ".join(f"{each.id} (probability of dog {each.probability:.2f})" for each in shown)
    more = len(suspects) - len(shown)
    return f"{words}; and {more} more, in the output of --json" if more else words


def as_content(diagnosis: "ForeignDiagnosis") -> dict[str, Any]:
    """The content of the JSON."""
    content: dict[str, Any] = {
        "verdict": diagnosis.verdict,
        "cause": diagnosis.cause,
        "sentence": diagnosis.sentence,
        "cures": [{"name": cure.name, "words": cure.words, "keras": cure.keras} for cure in diagnosis.cures],
        "notes": diagnosis.notes,
        "checks": [check._asdict() for check in diagnosis.checks],
        "suspects": [suspect._asdict() for suspect in diagnosis.suspects],
    }
    measured = diagnosis.measured
    if measured is not None:
        test = score_of(measured.test)
        content |= {
            "input": measured.feeding.convention if _is_known(measured) else None,
            "input_fits_equally": measured.feeding.equals,
            "class_1": LABELS[not measured.feeding.best.dog_first] if _is_known(measured) else None,
            "output": measured.output.words,
            "num_test": test.num_examples,
            "test_accuracy": test.accuracy,
            "test_accuracy_low": test.interval[0],
            "test_accuracy_high": test.interval[1],
            "chance": test.chance,
            "linear_baseline": _baseline(measured),
            "train_accuracy": score_of(measured.train).accuracy if measured.train is not None else None,
        }
    return content


def notes_on(facts: ForeignFacts, verdict: str) -> list[str]:
    """Further findings, a sentence each; not what the verdict and its cures say already."""
    measured = facts.measured
    sources = (measured.test_photos, measured.train_photos)
    notes = [photos.left_out for photos in sources if photos is not None and photos.left_out]
    calibration = measure(measured.test, 10)["calibration_error"]
    if calibration > 0.1 and not facts.test.at_chance:
        notes.append(
            f"The probabilities are off by {percent(calibration)} on average (calibration error): use them "
            "only to rank photos."
        )
    if facts.may_be_scaled_twice and verdict != "input_scaling":
        notes.append(
            "A layer in the model scales its input: give the model RGB 0..255, also in training. If the "
            "script divides by 255 as well, the input is scaled twice."
        )
    if facts.penalties_outweigh:
        notes.append(
            "The L1 and L2 penalties on the weights are most of the loss, which keeps the probabilities near "
            "a half: lower the penalties."
        )
    if measured.output.num_units == 2 and "binary" in measured.file.compiled.loss:
        notes.append("Two units with binary cross-entropy: use categorical cross-entropy, or one unit.")
    if measured.output.activation == "number" and "binary" in measured.file.compiled.loss:
        notes.append(
            "The last layer has no activation, but the loss takes probabilities: add a sigmoid, or "
            "use keras.losses.BinaryCrossentropy(from_logits=True). Then train again."
        )
    if measured.output.activation == "sigmoid" and measured.file.compiled.from_logits:
        notes.append(
            "The loss takes logits (from_logits=True), but the last layer has a sigmoid: remove one of them."
        )
    for kind in kinds_of(measured):
        if kind.is_weak and not facts.test.at_chance:
            others = percent(kind.accuracy_of_others)
            notes.append(
                f"Worse on {kind.name}: accuracy {percent(kind.accuracy)}, {others} on all other test photos."
            )
    probe = measured.linear_probe
    expected = measured.network.expected_convention
    if probe is not None and expected is not None and measured.received != expected:
        words = CONVENTIONS[expected].words
        notes.append(f"Published {measured.network.family} weights expect {words}.")
    if measured.draws_random_numbers:
        notes.append(
            "Two predictions of the same photo differ, because the SavedModel still augments its input: "
            "export the model without its augmentation layers."
        )
    if measured.output.num_units == 1 and measured.output.activation in ("relu", "tanh"):
        notes.append(
            f"The last layer has the activation {measured.output.activation}, which is no probability: use a "
            "sigmoid."
        )
    if facts.not_recorded:
        notes.append(
            f"The signals of each epoch (size of the updates, loss in both modes) are not known: "
            f"{facts.not_recorded}."
        )
    return notes


def about(measured: Measured) -> list[tuple[str, str]]:
    """What the model is, how it is fed and how good it is: titles and words."""
    network = measured.network
    height, width = network.size_px
    family = network.family or ("a custom network" if network.shows_layers else "a SavedModel")
    num_weights = f"{measured.file.model.count_params():,} weights"
    return [
        ("model", f"{family}, {width} x {height} px, {num_weights}; output: {measured.output.words}"),
        ("input", _feeding_words(measured)),
        ("accuracy", _accuracy_words(measured)),
    ]


def _accuracy_words(measured: Measured) -> str:
    test, baseline = score_of(measured.test), _baseline(measured)
    low, high = test.interval
    against = f"always answering the more frequent class: {percent(test.chance)}"
    if baseline is not None:
        against += f"; linear classifier on edges, cross-validated: {percent(baseline)}"
    train = (
        "" if measured.train is None else f"; on training photos {percent(score_of(measured.train).accuracy)}"
    )
    found = measured.test_photos.num_found
    of = f" of {found:,}" if found > test.num_examples else ""
    return (
        f"{percent(test.accuracy)} ({100 * low:.1f} to {100 * high:.1f}) on {test.num_examples:,}{of} test "
        f"photos{train}; {against}"
    )


def _is_known(measured: Measured) -> bool:
    """Whether the photos show which input scaling the model expects, and which class is 1."""
    return measured.feeding.is_certain and not measured.output.is_constant


def _feeding_words(measured: Measured) -> str:
    feeding = measured.feeding
    best = feeding.best
    one, other = LABELS[not best.dog_first], LABELS[best.dog_first]
    words = f"{CONVENTIONS[feeding.convention].words}; class 1 is {one}"
    if not _is_known(measured):
        if measured.output.is_constant:
            return "not known: the output is the same for every photo"
        if measured.made_for == feeding.convention:
            own = f"{CONVENTIONS[feeding.convention].words}, as the model's own scaling layer expects"
            return (
                f"{own}; class 1 is assumed to be {one}: {percent(best.accuracy)} of {len(best.right)} photos"
            )
        return (
            f"not known: with every input scaling, the model may be guessing; assumed: {words} "
            f"({percent(best.accuracy)} of {len(best.right)} photos)"
        )
    tried = f"{percent(best.accuracy)} of {len(best.right)} {_tried_photos(measured)}"
    words += f", class 0 {other} ({tried}, loss {best.loss:.2f})"
    words += feeding.equals_words
    if feeding.others and not feeding.equals:
        second = feeding.others[0]
        words += (
            f"; next best: {CONVENTIONS[second.convention].words}, "
            f"{percent(second.accuracy)}, loss {second.loss:.2f}"
        )
    return words


def _tried_photos(measured: Measured) -> str:
    return "test photos" if measured.train_photos is None else "training and test photos"


def _baseline(measured: Measured) -> float | None:
    found = measured.baseline
    return None if found is None else found.num_right / found.num_examples


def _check_lines(checks: list[Check]) -> list[str]:
    """A line for each verdict; of those that are not known for the same reason, one together."""
    lines, unknown = [], dict[str, list[str]]()
    if sum(check.state == "failed" for check in checks) > 1:
        lines += _wrapped("", "The first failed check is the verdict; the others may be its consequences.", 0)
    for check in checks:
        name = check.verdict.replace("_", " ")
        if check.state == "not known":
            unknown.setdefault(check.measure, []).append(name)
            continue
        lines += _wrapped(name, f"{check.state}: {check.measure}: {check.value} (limit: {check.limit})", 18)
    for reason, names in unknown.items():
        lines += _wrapped("not known", f"{', '.join(names)}: {reason}", 18)
    return lines


def _wrapped(title: str, text: str, width: int = 12) -> list[str]:
    columns = max(_LEAST_WIDTH, min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns))
    return textwrap.wrap(text, columns, initial_indent=f"{title:<{width}}", subsequent_indent=" " * width)
