"""`blank_inputs`: nothing is to be seen on the pictures that training gets."""

from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding
from pawtrace.results.number_words import decimal, percent

_BLANK = 2.0  # of 255: pictures that differ by less are all of one colour


def rule(facts: Facts) -> Finding:
    """Augmentation, or the pictures themselves, leave nothing to learn from."""
    contrast, limit = facts.probes.contrast, facts.thresholds.blank_contrast
    share = contrast.augmented / contrast.plain if contrast.plain else 0.0
    are_blank = contrast.plain < _BLANK
    outcome = Finding(
        are_blank or share < limit,
        "contrast of the pictures that augmentation keeps",
        percent(share),
        f"below {percent(limit)}",
        numbers={"plain_contrast": contrast.plain, "augmented_contrast": contrast.augmented},
        cause="data" if are_blank else "augmentation",
    )
    if are_blank:
        return outcome._replace(
            sentence=f"The pictures all look alike: their brightness differs by {decimal(contrast.plain)} "
            f"of 255, within them and from one to the next."
        )
    return outcome._replace(
        sentence=f"Augmentation keeps {percent(share)} of the pictures' contrast: the training pictures are "
        f"nearly blank, or only noise."
    )
