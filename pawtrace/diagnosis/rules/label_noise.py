"""`label_noise`: some or all labels are wrong."""

from pawtrace.diagnosis.facts import Facts, Finding
from pawtrace.results.number_words import percent, plural


def rule(facts: Facts) -> Finding | None:
    """The labels have nothing to do with the pictures, or a share of them is wrong."""
    return _labels_at_random(facts) or _some_labels_wrong(facts)


def _labels_at_random(facts: Facts) -> Finding | None:
    train, baseline = facts.train, facts.baseline
    can_learn = facts.learns_by_heart or not train.at_chance
    if baseline is None or not (facts.labels_say_nothing and can_learn):
        return None
    return Finding(
        {
            **facts.accuracies,
            "num_train_examples": train.num_examples,
            "baseline_accuracy": baseline.accuracy,
        },
        f"The network can learn ({facts.by_heart_words}), yet from "
        f"{plural(train.num_examples, 'training picture')} it learns nothing that holds for others "
        f"({percent(facts.unseen.accuracy)} right on new ones), and a linear classifier on edges finds "
        f"nothing either ({percent(baseline.accuracy)}): the labels seem to have nothing to do with the "
        f"pictures.",
    )


def _some_labels_wrong(facts: Facts) -> Finding | None:
    num_sure = len(facts.confident_errors("train")), len(facts.confident_errors("validation", "test"))
    on_train, on_unseen = num_sure[0] / facts.train.num_examples, num_sure[1] / facts.unseen.num_examples
    better_than_chance = not facts.train.at_chance and not facts.unseen.at_chance
    # A network that is merely weak errs mostly where it is unsure.
    mostly_sure = 2 * num_sure[0] >= facts.train.num_errors and 2 * num_sure[1] >= facts.unseen.num_errors
    if not (better_than_chance and mostly_sure) or min(on_train, on_unseen) < facts.thresholds.noise_share:
        return None
    return Finding(
        {
            **facts.accuracies,
            "confident_error_share_train": on_train,
            "confident_error_share_others": on_unseen,
        },
        f"It is right on {percent(facts.unseen.accuracy)} of new pictures, yet sure of the other label for "
        f"{percent(on_train)} of the training pictures and {percent(on_unseen)} of the others: "
        f"labels may be wrong.",
    )
