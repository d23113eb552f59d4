"""`label_noise`: some or all labels are wrong."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, NotKnown, Numbers
from pawtrace.diagnosis.label_quality import Judged, sure_errors, wrong_labels
from pawtrace.results.number_words import percent, plural

_MEASURE = "share of wrong labels, estimated from predictions"
_LIKELY, _SURE = 0.1, 0.005  # p-values of so many errors among the surest predictions
_LARGE_SHARE = 0.1  # of the labels: so many show in the curve alone
_MOST = 0.5  # of the judge's errors: where wrong labels explain fewer, something else is the main reason
# Of the likelihood-ratio test: a chance of about 1 % where labels are right (simulated, docs/log.md).
_LIKELIHOOD_RATIO = 6.0


def rule(facts: Facts) -> Finding:
    """The labels have nothing to do with the pictures, or a share of them is wrong.

    Raises:
      NotKnown: no model is good enough to judge the labels.
    """
    if facts.labels_say_nothing and (facts.can_learn or not facts.train.at_chance):
        limit = f"at least {percent(facts.thresholds.noise_share)}"
        return Finding(True, _MEASURE, "40 % or more", limit, _random_words(facts), _random_numbers(facts))
    if facts.best_judge is None:
        raise NotKnown("the predictions are not accurate enough to judge labels")
    found = by_judge(facts, facts.best_judge, len(facts.suspects), of_errors=_MOST, at_most=_most(facts))
    return found._replace(limit=f"{found.limit}, and half of the wrong predictions")


def by_judge(
    facts: Facts, judge: Judged, num_suspects: int, of_errors: float = 0.0, at_most: float = 1.0
) -> Finding:
    """Whether a measurable share of the labels that a judge has not seen is wrong.

    Args:
      facts: about the model.
      judge: judges the labels.
      num_suspects: among them, for the sentence.
      of_errors: the share of the judge's errors that wrong labels must explain.
      at_most: the share of wrong labels that is possible; an estimate above it says nothing.
    """
    limit = facts.thresholds.noise_share
    wrong, surest = wrong_labels(judge), sure_errors(judge)
    # A smaller share must show among the surest predictions, too; learning by heart bends the curve.
    by_heart = facts.gap >= facts.thresholds.overfitting_gap
    shows = surest.p_value < (_SURE if by_heart else _LIKELY) or wrong.share >= _LARGE_SHARE
    is_measurable = wrong.likelihood_ratio > _LIKELIHOOD_RATIO and shows
    outcome = Finding(
        is_measurable and max(limit, of_errors * (1 - judge.accuracy)) <= wrong.share <= at_most,
        _MEASURE,
        percent(wrong.share),
        f"at least {percent(limit)}, measurably",
    )
    if not outcome.applies:
        return outcome
    return outcome._replace(
        sentence=f"About {percent(wrong.share)} of the labels are wrong. The estimate uses predictions on "
        "pictures whose labels the model has not seen. Of the most confident third "
        f"({surest.num_sure:,} predictions), {percent(surest.share)} contradict the label; if all labels "
        f"were correct, about {percent(surest.expected)} would. "
        f"{plural(num_suspects, 'suspect')} {'is' if num_suspects == 1 else 'are'} listed.",
        numbers={
            **facts.accuracies,
            "wrong_label_share": wrong.share,
            "likelihood_ratio": wrong.likelihood_ratio,
            "error_share_of_surest": surest.share,
            "error_share_expected": surest.expected,
            "num_suspects": num_suspects,
        },
    )


def _most(facts: Facts) -> float:
    """How many labels can be wrong: nobody who has not seen them agrees with the others alone."""
    return 1.0 if facts.baseline is None else 1 - facts.baseline.interval[0]


def _random_numbers(facts: Facts) -> Numbers:
    baseline = 0.0 if facts.baseline is None else facts.baseline.accuracy
    return {
        **facts.accuracies,
        "num_train_examples": facts.train.num_examples,
        "baseline_accuracy": baseline,
    }


def _random_words(facts: Facts) -> str:
    assert facts.baseline is not None
    judged = facts.judged_by_features
    features = "" if judged is None else f", nor one on pretrained features ({percent(judged.accuracy)})"
    return (
        f"The network can learn ({_shown_by(facts)}), but from "
        f"{plural(facts.train.num_examples, 'training picture')} it learns hardly anything that helps on new "
        f"ones (accuracy {percent(facts.unseen.accuracy)}), and neither does a linear classifier on edges "
        f"({percent(facts.baseline.accuracy)}){features}: the labels seem to have hardly anything to do with "
        f"the pictures."
    )


def _shown_by(facts: Facts) -> str:
    """What shows that it can learn."""
    if facts.learns_by_heart:
        return facts.probes.overfit.in_words
    if not facts.train.at_chance:
        return f"its accuracy on its own training pictures is {percent(facts.train.accuracy)}"
    return f"its loss falls at a learning rate of {facts.probes.rate_range.steepest:.1g}"
