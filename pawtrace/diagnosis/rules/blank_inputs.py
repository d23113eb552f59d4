"""`blank_inputs`: the pictures that the network is trained on are blank."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.results.number_words import decimal, percent

_BLANK = 2.0  # of 255: pictures that differ by less are all of one colour


def rule(facts: Facts) -> Finding:
    """The pictures are blank from the start, or augmentation makes them blank."""
    contrast, limit = facts.probes.contrast, facts.thresholds.blank_contrast
    share = contrast.augmented / contrast.plain if contrast.plain else 0.0
    are_blank = contrast.plain < _BLANK
    outcome = Finding(
        are_blank or share < limit,
        "share of the pictures' contrast that augmentation keeps",
        percent(share),
        f"below {percent(limit)}",
        numbers={"plain_contrast": contrast.plain, "augmented_contrast": contrast.augmented},
        cause="data" if are_blank else "augmentation",
    )
    if are_blank:
        return outcome._replace(
            sentence=f"All pictures look alike: their brightness varies by only {decimal(contrast.plain)} "
            f"of 255, within a picture and between pictures."
        )
    return outcome._replace(
        sentence=f"Augmentation keeps {percent(share)} of the pictures' contrast: the training pictures are "
        f"nearly blank, or only noise."
    )
