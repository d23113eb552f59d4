"""`pawtrace.diagnose`: why is the accuracy of the user's own model low?

Arrives: a model and labelled photos. Leaves: `ForeignDiagnosis`; its `text` is one screen.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import keras

from pawtrace.diagnosis.cures.steps import Cure
from pawtrace.diagnosis.finding import Check, Finding, NotKnown
from pawtrace.diagnosis.label_quality import Suspect
from pawtrace.diagnosis.scores import is_above
from pawtrace.foreign.defaults import thresholds
from pawtrace.foreign.judging.as_params import as_params
from pawtrace.foreign.judging.cures import cures_for
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.foreign.judging.rules import RULES
from pawtrace.foreign.measuring.fit_signals import FitSignals
from pawtrace.foreign.measuring.measure import Measured, Say, measure
from pawtrace.foreign.reading.history_file import read_history
from pawtrace.foreign.reading.model_file import ModelFile, load_foreign_model, model_of
from pawtrace.foreign.reading.sets import read_sets
from pawtrace.foreign.screen import as_content, as_screen, notes_on
from pawtrace.results.number_words import percent
from pawtrace.results.results import History

NOT_KNOWN = "not known"
HEALTHY = "healthy"


class ForeignDiagnosis(NamedTuple):
    """What was found out about a model."""

    verdict: str  # a name in VERDICTS, or `not known` where accuracy is low and no rule says why
    cause: str
    sentence: str
    checks: list[Check]
    cures: list[Cure]  # the likeliest first
    notes: list[str]
    suspects: list[Suspect]
    measured: Measured | None  # None: the weights are not finite, so nothing could be measured
    history: History | None = None  # of the training, where it was given

    @property
    def is_healthy(self) -> bool:
        """Whether the verdict is healthy."""
        return self.verdict == HEALTHY

    @property
    def text(self) -> str:
        """One screen for a person."""
        return as_screen(self)

    @property
    def json(self) -> str:
        """The diagnosis as JSON, for a program."""
        return json.dumps(as_content(self), indent=2, ensure_ascii=False) + "\n"


def diagnose(
    model: Any, test: Any, train: Any = None, history: Any = None, *, say: Say | None = None
) -> ForeignDiagnosis:
    """Find out why a model's accuracy is low.

    Args:
      model: a Keras model, or the path of a `.keras` or `.h5` file or of a SavedModel's folder. No code in
        the file is executed.
      test: photos that the model was not trained on: a folder, zip or tar, arrays (images, labels), or a
        tf.data dataset of batches of these. A folder with folders train and test is both sets.
      train: photos that the model was trained on, in the same forms; without them, some verdicts are not
        known.
      history: what `fit` returned, or the path of a CSV or JSON file of the history.
      say: gets the lines about the progress; by default they are printed to stderr.
    Raises:
      PawtraceError: the model or the photos cannot be used; says what to do.
    """
    file = model_of(model) if isinstance(model, keras.Model) else load_foreign_model(Path(model))
    return diagnose_file(file, test, train, history, say=say)


def diagnose_file(
    file: ModelFile,
    test: Any,
    train: Any,
    history: Any,
    *,
    fit: FitSignals | None = None,
    say: Say | None = None,
) -> ForeignDiagnosis:
    """Diagnose a loaded model; `fit`: what was recorded during its training."""
    say = say or _to_stderr
    if file.problem is not None:
        return _not_finite(file)
    curves = None if history is None else read_history(history)
    say("reading the photos")
    test_photos, train_photos = read_sets(test, train, say)
    with warnings.catch_warnings():
        # Of a softmax over one unit, at every call: the verdict says so once.
        warnings.filterwarnings("ignore", message="(.|\n)*softmax over axis")
        measured = measure(file, test_photos, train_photos, say, fit.convention if fit else None)
    params = as_params(measured, None if curves is None else len(curves.epoch))
    return _judged(ForeignFacts(measured, curves, thresholds(), params, fit), say)


def _judged(facts: ForeignFacts, say: Say) -> ForeignDiagnosis:
    """Ask every rule; the first that applies is the verdict."""
    say("verdicts")
    findings: dict[str, Finding] = {}
    checks = []
    for name, rule in RULES.items():
        try:
            findings[name] = finding = rule(facts)
        except NotKnown as reason:
            checks.append(Check(name, "not known", str(reason), "", ""))
            continue
        state = "failed" if finding.applies else "passed"
        checks.append(Check(name, state, finding.measure, finding.value, finding.limit))
    verdict = next((name for name, finding in findings.items() if finding.applies), NOT_KNOWN)
    finding = findings.get(verdict, _unexplained(facts))
    return ForeignDiagnosis(
        verdict,
        finding.cause,
        finding.sentence,
        [check for check in checks if check.verdict != HEALTHY],
        cures_for(verdict, finding, facts),
        notes_on(facts, verdict),
        _suspects(finding, facts) if verdict == "label_noise" else [],
        facts.measured,
        facts.history if facts.knows_history else None,
    )


def _suspects(finding: Finding, facts: ForeignFacts) -> list[Suspect]:
    """The photos to look at; none where all labels of a set are in doubt."""
    if finding.cause == "train":
        return facts.suspects_in_train
    return [] if finding.cause else facts.suspects


def _unexplained(facts: ForeignFacts) -> Finding:
    missing = [] if facts.knows_train else ["--train PHOTOS"]
    missing += [] if facts.knows_history else ["--history FILE"]
    how = f"; to find out more, add {' and '.join(missing)}" if missing else ""
    said = (
        f"The model classifies {percent(facts.test.accuracy)} of the test photos correctly, and the "
        f"measurements do not show why{how}."
    )
    return Finding(True, "", "", "", said + _about_head(facts) + _about_history(facts))


def _about_history(facts: ForeignFacts) -> str:
    """A sentence, if the history tells of a much better model than the one that was measured."""
    try:
        facts.require_no_contradiction()
    except NotKnown as reason:
        return f" {str(reason)[0].upper()}{str(reason)[1:]}."
    return ""


def _about_head(facts: ForeignFacts) -> str:
    """A sentence, if a linear classifier on the trunk's features is measurably better than the model."""
    probe = facts.linear_probe
    if probe is None:
        return ""
    features = facts.linear_probe_accuracy(probe.received)
    test = facts.test
    if not is_above(features, probe.num_examples, test.accuracy, test.num_examples):
        return ""
    return (
        f" A linear classifier on the model's features classifies {percent(features)} correctly, so the "
        "problem is in the head. For example, it was trained with another input scaling, too briefly, or "
        "with wrong labels. Train the head again."
    )


def _not_finite(file: ModelFile) -> ForeignDiagnosis:
    sentence = (
        f"The model has {file.problem}: its training broke down. The usual cause is a learning rate that is "
        "too large."
    )
    rate = file.compiled.learning_rate
    lower = 1e-4 if rate is None else rate / 10
    cure = Cure(
        "learning_rate",
        "Train the model again with a tenth of the learning rate.",
        None,
        f"keras.optimizers.Adam({lower:g}, clipnorm=1.0)",
    )
    check = Check("unstable", "failed", "weights that are finite", "not all", "all")
    return ForeignDiagnosis("unstable", "", sentence, [check], [cure], [], [], None)


def _to_stderr(line: str) -> None:
    print(f"diagnose: {line}", file=sys.stderr, flush=True)
