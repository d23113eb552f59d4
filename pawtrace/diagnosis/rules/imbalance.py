"""`imbalance`: one label is so frequent that the model neglects the other one."""

from pawtrace.config.sections import LABELS
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, NotKnown
from pawtrace.diagnosis.scores import Score, is_above
from pawtrace.results.number_words import percent


def _hidden(unseen: Score) -> str:
    """A sentence, if the accuracy hides the neglect: not where new pictures are half cats, half dogs."""
    accuracy, balanced = percent(unseen.accuracy), percent(unseen.balanced_accuracy)
    if accuracy == balanced:
        return ""
    return f" The accuracy of {accuracy} hides that; the balanced accuracy is {balanced}."


def rule(facts: Facts) -> Finding:
    """The model recognises pictures of the rarer label measurably less often."""
    train, unseen, limit = facts.train, facts.unseen, facts.thresholds.imbalance_share
    common = int(train.counts[1] > train.counts[0])
    rare = 1 - common
    if 0 in unseen.counts:
        raise NotKnown("validation and test have pictures of one label only")
    gap = unseen.recalls[common] - unseen.recalls[rare]
    neglected = gap >= facts.thresholds.imbalance_recall_gap and is_above(
        unseen.recalls[common], unseen.counts[common], unseen.recalls[rare], unseen.counts[rare]
    )
    outcome = Finding(
        train.chance > limit and neglected,
        "share of the more frequent label, if the other one is recognised less often",
        percent(train.chance),
        f"above {percent(limit)}",
        numbers={
            **facts.accuracies,
            "share_of_frequent_label": train.chance,
            f"accuracy_on_{LABELS[common]}s": unseen.recalls[common],
            f"accuracy_on_{LABELS[rare]}s": unseen.recalls[rare],
            "balanced_accuracy": unseen.balanced_accuracy,
        },
    )
    return outcome._replace(
        sentence=f"{percent(train.chance)} of the training pictures are {LABELS[common]}s, and the "
        f"model neglects the other label: of new pictures it recognises "
        f"{percent(unseen.recalls[common])} of the {LABELS[common]}s and "
        f"{percent(unseen.recalls[rare])} of the {LABELS[rare]}s.{_hidden(unseen)}",
    )
