"""`forgetting`: training has destroyed the pretrained features."""

import numpy as np

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, NotKnown
from pawtrace.diagnosis.scores import score_by_label
from pawtrace.evaluation.significance import sign_flip_test
from pawtrace.results.number_words import percent, points

_SURE = 0.05  # p-value


def rule(facts: Facts) -> Finding:
    """A linear classifier on the untouched features is measurably better, on the same new pictures."""
    linear_probe = facts.linear_probe
    if linear_probe is None:
        raise NotKnown("the weights were random, so there was nothing to forget")
    if not facts.trains_backbone:
        raise NotKnown("the backbone is frozen")
    features_right, ours_right, labels = _on_the_same_pictures(facts)
    number = len(features_right)
    features, ours = float(features_right.mean()), float(ours_right.mean())
    differences = (features_right.astype(int) - ours_right.astype(int)).tolist()
    limit = facts.thresholds.forgetting_loss
    # A lucky few beat a model that is worse than guessing.
    are_any_good = not score_by_label(labels, features_right).at_chance
    outcome = Finding(
        are_any_good and features - ours >= limit and sign_flip_test(differences) < _SURE,
        "accuracy of a linear classifier on the original features minus the model's accuracy, points",
        points(features - ours),
        f"at least {points(limit)}, measurably",
        cause="rate" if facts.head_comes_first else "head_first",
    )
    start = (
        ""
        if facts.head_comes_first
        else " The backbone was trained from the first step, together with an untrained head."
    )
    return outcome._replace(
        sentence=f"Fine-tuning has destroyed pretrained features: on {number:,} new pictures, a linear "
        f"classifier on the original features has an accuracy of {percent(features)}, this model one of "
        f"{percent(ours)}.{start}",
        numbers={
            **facts.accuracies,
            "features_accuracy": features,
            "accuracy_on_the_same_pictures": ours,
            "learning_rate": facts.highest_rate,
        },
    )


def _on_the_same_pictures(facts: Facts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether untouched features, as the recipe feeds them, and this model are right; and the labels.

    Returns:
      Two of bool (n,), and int (n,).
    """
    assert facts.linear_probe is not None
    judged, ours = facts.judge(facts.linear_probe.received), facts.judged_unseen
    right = dict(zip(ours.ids, ours.is_right, strict=True))
    unseen = np.array([split != "train" for split in judged.splits])
    ours_right = np.array([right[id] for id, is_unseen in zip(judged.ids, unseen, strict=True) if is_unseen])
    return judged.is_right[unseen], ours_right, judged.labels[unseen]
