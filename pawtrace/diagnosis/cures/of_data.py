"""Cures that change the data: leaks, blank pictures, scaling, too few pictures, imbalance, wrong labels."""

from collections.abc import Iterator

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.config.imagenet import expected_convention
from pawtrace.config.train_params import BACKBONES
from pawtrace.diagnosis.cures.steps import (
    PLAIN_NETWORK,
    Cure,
    augmentation,
    frozen_backbone,
    pretrained_lines,
)
from pawtrace.diagnosis.facts import Facts
from pawtrace.diagnosis.finding import Finding


def leaking(_finding: Finding, _facts: Facts) -> Iterator[Cure]:
    """Put all copies of a picture into one split."""
    yield Cure(
        "group_duplicates",
        "Raise split.near_duplicate_distance to probe.overlap_distance or more: then pictures that look the "
        "same, also as mirror images, are in the same split.",
        None,
        "# put copies of a picture into the same split; test on pictures that training has not seen",
    )


def blank_inputs(finding: Finding, facts: Facts) -> Iterator[Cure]:
    """Pictures without augmentation."""
    if finding.cause == "data" or not facts.params.augmentation:
        yield Cure(
            "pictures",
            "Look at the pictures in data/raw: all of them are blank.",
            None,
            "import matplotlib.pyplot as plt\nplt.imshow(images[0])",
        )
        return
    yield Cure(
        "plain_pictures",
        "Remove the augmentation; then add its transforms again one by one and look at preview.jpg.",
        {"augmentation": [], "num_views": 1},
        "# train on the pictures as they are; plt.imshow(augment(images)[0]) shows what training sees",
    )


def input_scaling(finding: Finding, facts: Facts) -> Iterator[Cure]:
    """The convention that the weights want."""
    linear_probe = facts.linear_probe
    assert linear_probe is not None
    own = "backbone" if finding.cause == expected_convention(facts.params.backbone) else finding.cause
    yield Cure(
        "input_scaling",
        f"Set train.input_scaling to {own}: the backbone then gets {CONVENTIONS[finding.cause].words}.",
        {"input_scaling": own},
        f"x = {CONVENTIONS[finding.cause].keras_line}  # images: RGB 0..255",
    )


def too_few(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """A frozen pretrained backbone, more pictures, augmentation."""
    yield from frozen_backbone(facts)
    if facts.linear_probe is None and facts.params.backbone in BACKBONES:
        yield Cure(
            "pretrained",
            "Start from pretrained weights and train the head alone; or collect more pictures.",
            {
                "weights": "imagenet",
                "input_scaling": "backbone",
                "phases": [{"trainable": "none", "num_epochs": 20}],
                "head": {"pooling": "average"},
                **PLAIN_NETWORK,
            },
            f"{pretrained_lines(facts.params)}\nbackbone.trainable = False",
        )
    yield Cure("more_pictures", "Collect more pictures.", None, "")
    yield from augmentation(facts)


def imbalance(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """Class weights, or more of the rarer label."""
    if facts.params.class_weights == "none":
        yield Cure(
            "class_weights",
            "Give both labels the same weight in the loss: train.class_weights: balanced.",
            {"class_weights": "balanced"},
            "model.fit(..., class_weight={0: num_photos / (2 * num_cats), 1: num_photos / (2 * num_dogs)})",
        )
    yield Cure("more_pictures", "Collect more pictures of the rarer label.", None, "")


def label_noise(_finding: Finding, facts: Facts) -> Iterator[Cure]:
    """Labels put right; until then, less certainty."""
    yield Cure(
        "correct_labels",
        "Look at the suspects and correct wrong labels: run pawtrace review, then make repro.",
        None,
        "from cleanlab.filter import find_label_issues\nfind_label_issues(labels, out_of_fold_probabilities)",
    )
    if facts.params.label_smoothing == 0:
        yield Cure(
            "label_smoothing",
            "Until the labels are corrected, use a label smoothing of 0.1.",
            {"label_smoothing": 0.1},
            "keras.losses.BinaryCrossentropy(label_smoothing=0.1)",
        )
