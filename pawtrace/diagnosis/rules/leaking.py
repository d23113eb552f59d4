"""`leaking`: the model was also trained on test pictures."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding, Numbers
from pawtrace.results.number_words import percent


def rule(facts: Facts) -> Finding:
    """Test examples that are also training examples make the test accuracy too good."""
    test, seen = facts.result.predictions["test"], facts.seen_in_training
    share, limit = len(seen) / facts.test.num_examples, facts.thresholds.leaking_share
    outcome = Finding(
        bool(seen) and share >= limit,
        "share of test pictures that look like a training picture",
        percent(share),
        f"at least {percent(limit)}",
    )
    if not outcome.applies:
        return outcome
    right = test.predicted == test.labels
    right_on_seen = [bool(is_right) for id, is_right in zip(test.ids, right, strict=True) if id in seen]
    right_on_others = [bool(is_right) for id, is_right in zip(test.ids, right, strict=True) if id not in seen]
    numbers: Numbers = {
        "num_seen_in_training": len(seen),
        "share_seen_in_training": share,
        "accuracy_on_seen": sum(right_on_seen) / len(right_on_seen),
    }
    others_text = "; there are no other test pictures"
    if right_on_others:
        numbers["accuracy_on_others"] = sum(right_on_others) / len(right_on_others)
        others_text = f", and {percent(sum(right_on_others) / len(right_on_others))} on the others"
    return outcome._replace(
        numbers=numbers,
        sentence=f"The test accuracy cannot be trusted: of {facts.test.num_examples:,} test pictures "
        f"{len(seen):,} ({percent(share)}) look like a training picture. The accuracy is "
        f"{percent(sum(right_on_seen) / len(right_on_seen))} on these{others_text}.",
    )
