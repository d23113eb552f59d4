"""`leaking`: test pictures were also trained on."""

from pawtrace.diagnosis.facts import Facts, Finding, Numbers
from pawtrace.results.number_words import percent


def rule(facts: Facts) -> Finding | None:
    """Test examples that training has seen make the test accuracy too good."""
    test, seen = facts.result.predictions["test"], facts.seen_in_training
    share = len(seen) / facts.test.num_examples
    if not seen or share < facts.thresholds.leaking_share:
        return None
    right = test.predicted == test.labels
    on_seen = [bool(is_right) for id, is_right in zip(test.ids, right, strict=True) if id in seen]
    on_others = [bool(is_right) for id, is_right in zip(test.ids, right, strict=True) if id not in seen]
    numbers: Numbers = {
        "num_seen_in_training": len(seen),
        "share_seen_in_training": share,
        "accuracy_on_seen": sum(on_seen) / len(on_seen),
    }
    others = "; no other is left"
    if on_others:
        numbers["accuracy_on_others"] = sum(on_others) / len(on_others)
        others = f", and on {percent(sum(on_others) / len(on_others))} of the others"
    return Finding(
        numbers,
        f"The test accuracy cannot be trusted: of {facts.test.num_examples:,} test pictures {len(seen):,} "
        f"({percent(share)}) look like a training picture, and it is right on "
        f"{percent(sum(on_seen) / len(on_seen))} of these{others}.",
    )
