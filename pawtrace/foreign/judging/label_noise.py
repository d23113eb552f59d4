"""`label_noise` of a finished model: wrong labels in its training photos, or else in the test photos."""

from pawtrace.diagnosis.finding import Finding
from pawtrace.diagnosis.label_quality import Judged
from pawtrace.diagnosis.rules import label_noise as noise
from pawtrace.evaluation.intervals import wilson
from pawtrace.foreign.judging.facts import ForeignFacts
from pawtrace.results.number_words import percent

_MEASURE = "share of training labels that a classifier trained on the test photos agrees with"
_UNRELATED = 0.6  # the share below which labels have hardly anything to do with the pictures


def rule(facts: ForeignFacts) -> Finding:
    """Wrong labels in train, where test photos teach a linear classifier that is accurate; else in test."""
    judge = facts.judged_train
    if judge is None:
        return noise.rule(facts)
    low, high = wilson(int(judge.is_right.sum()), len(judge.labels))
    if high < 0.5:
        said = "the two classes are swapped in one of the two sets."
        return _disagreement(facts, judge, said, "reversed")
    if low <= 0.5 and high < _UNRELATED:
        said = "the labels of the training photos seem to have nothing to do with the pictures."
        return _disagreement(facts, judge, said, "unrelated")
    finding = noise.by_judge(facts, judge, len(facts.suspects_in_train))
    if not finding.applies:
        return noise.rule(facts)
    said = finding.sentence
    return finding._replace(sentence=f"In the training photos, {said[0].lower()}{said[1:]}", cause="train")


def _disagreement(facts: ForeignFacts, judge: Judged, said: str, cause: str) -> Finding:
    """The labels of train and of test do not fit together."""
    others = facts.judged_by_features
    assert others is not None
    return Finding(
        True,
        _MEASURE,
        percent(judge.accuracy),
        f"below {percent(_UNRELATED)}, and no better than guessing",
        f"The labels of training and test photos contradict each other: a linear classifier trained on test "
        f"photos is right on {percent(others.accuracy)} of other test photos, but on only "
        f"{percent(judge.accuracy)} of the training photos: {said}",
        {**facts.accuracies, "agreement": judge.accuracy},
        cause,
    )
