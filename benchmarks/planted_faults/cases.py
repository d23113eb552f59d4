"""Planted faults and healthy runs: what `benchmarks.verdicts` trains, each with the verdict that is right.

Every case changes one thing of a healthy run: the pictures, the labels or the params. Severities are
`borderline` (a verdict may be missed), `clear` and `severe`.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.planted_faults.pictures import (
    Pictures,
    cut,
    drawn_pictures,
    flip,
    leak,
    real_pictures,
    shuffle,
    thin,
)

Change = Callable[[Pictures, np.random.Generator], Pictures]
SEVERITIES = ("borderline", "clear", "severe")


class Network(NamedTuple):
    """A network on its pictures, healthy."""

    name: str
    size_px: int
    counts: dict[str, int]
    train: dict[str, Any]  # params
    is_pretrained: bool = False
    normalizes: bool = False


class Case(NamedTuple):
    """A run, and the verdicts that are right for it."""

    name: str
    network: Network
    right: tuple[str, ...]  # the first is the planted one; others would be right too
    severity: str
    seed: int
    train: dict[str, Any] = {}  # changed params
    change: Change | None = None  # of the pictures
    backbone: str = "healthy"  # how the weights of a backbone of our own begin

    @property
    def full_name(self) -> str:
        """The network's name, then its own."""
        return f"{self.network.name}_{self.name}"


_COUNTS = {"train": 800, "validation": 200, "test": 1000}  # a cure that brings two points shows on these
_PHOTO_COUNTS = {"train": 1200, "validation": 200, "test": 1000}
_FLIP = [{"name": "HorizontalFlip", "arguments": {"p": 0.5}}]
_SHIFT = {"rotate": [-10, 10], "translate_percent": [-0.08, 0.08], "border_mode": 1}
_MOVE = [*_FLIP, {"name": "Affine", "arguments": _SHIFT}]
_SCRATCH: dict[str, Any] = {
    "backbone": "network.keras",
    "weights": None,
    "initializer": "glorot_uniform",
    "batch_normalization": False,
    "precision": "float32",
    "device": "cpu",
    "xla": "never",
    "input_scaling": "backbone",
    "head": {"pooling": "average", "units": [], "dropout": 0.0, "l1": 0.0, "l2": 0.0},
    "augmentation": _MOVE,
    "num_views": 1,
    "mixup_alpha": 0.0,
    "label_smoothing": 0.0,
    "layerwise_decay": 1.0,
    "ema_momentum": 0.0,
    "batch_size": 16,
    "learning_rate": 0.003,
    "phases": [{"trainable": "all", "num_epochs": 18}],
    "schedule": {"warmup_epochs": 0.5, "decay": "cosine"},
    "early_stopping": None,
}
_NORMALIZED = _SCRATCH | {"phases": [{"trainable": "all", "num_epochs": 10}]}
_FROZEN = _SCRATCH | {
    "batch_size": 32,
    "backbone": "pretrained.keras",
    "head": {"pooling": "average", "units": [], "dropout": 0.7, "l1": 0.0, "l2": 0.0},
    "learning_rate": 0.001,
    "phases": [{"trainable": "none", "num_epochs": 20}],
    "schedule": {"warmup_epochs": 0.0, "decay": "cosine"},
    "augmentation": [],
}
_FINETUNED = _FROZEN | {
    "phases": [
        {"trainable": "none", "num_epochs": 15, "learning_rate": 0.001},
        {"trainable": "all", "num_epochs": 1, "learning_rate": 0.00001},
    ],
}
PLAIN = Network("scratch", 32, _COUNTS, _SCRATCH)
NORMALIZED = Network("normalized", 32, _COUNTS, _NORMALIZED, normalizes=True)
FROZEN = Network("frozen", 128, _PHOTO_COUNTS, _FROZEN, is_pretrained=True)
FINETUNED = Network("finetuned", 128, _PHOTO_COUNTS, _FINETUNED, is_pretrained=True)


def networks() -> list[Network]:
    """The pretrained ones need PAWTRACE_BACKBONE, a .keras file, and PAWTRACE_PETS_ARCHIVE."""
    given = "PAWTRACE_BACKBONE" in os.environ and "PAWTRACE_PETS_ARCHIVE" in os.environ
    return [PLAIN, NORMALIZED, *([FROZEN, FINETUNED] if given else [])]


def cases(first_seed: int) -> list[Case]:
    """All cases, clear ones first and the networks in turn: a run that is broken off has some of each."""
    in_turn = zip_longest(*(_cases(network, first_seed) for network in networks()))
    known = [case for cases in in_turn for case in cases if case is not None]
    return sorted(known, key=lambda case: ("clear", "severe", "borderline").index(case.severity))


def _cases(network: Network, first_seed: int) -> Iterator[Case]:
    for number in range(8):
        yield Case(f"healthy_{number}", network, ("healthy",), "clear", first_seed + number)
    for fault, right, levels in _faults(network):
        for number, (severity, settings) in enumerate(zip(SEVERITIES, levels, strict=True)):
            if settings is not None:
                seed = first_seed + 20 + number
                yield Case(f"{fault}_{severity}", network, right, severity, seed, **settings)


def _faults(network: Network) -> Iterator[tuple[str, tuple[str, ...], list[dict[str, Any] | None]]]:
    """Name, right verdicts, and what is changed at each severity."""
    change = partial(_changed)
    yield "leaking", ("leaking",), [change(leak, share=share) for share in (0.012, 0.05, 0.4)]
    yield (
        "blank",
        ("blank_inputs",),
        [
            {"train": {"augmentation": [transform]}}
            for transform in (
                {
                    "name": "RandomBrightnessContrast",
                    "arguments": {"brightness_limit": [0.85, 0.85], "p": 1.0},
                },
                {
                    "name": "RandomBrightnessContrast",
                    "arguments": {"brightness_limit": [-1.0, -1.0], "p": 1.0},
                },
                {"name": "RandomBrightnessContrast", "arguments": {"brightness_limit": [1.0, 1.0], "p": 1.0}},
            )
        ],
    )
    yield (
        "few",
        ("too_few",),
        [
            change(cut, number=number)
            for number in ((110, 60, 24) if not network.is_pretrained else (40, 16, 8))
        ],
    )
    yield "imbalance", ("imbalance",), [change(thin, share=share) for share in (0.2, 0.1, 0.05)]
    yield "noise", ("label_noise",), [change(flip, share=share) for share in (0.1, 0.2, 0.4)]
    yield "little_noise", ("label_noise",), [change(flip, share=0.05), None, None]
    yield "random_labels", ("label_noise",), [None, change(flip, share=0.5), change(shuffle)]
    yield "slow", ("stalled",), [_at_rate(network, rate) for rate in (3e-6, 3e-7, 1e-8)]
    if not network.is_pretrained:
        yield "fast", ("unstable",), [_at_rate(network, rate) for rate in (0.3, 3.0, 10.0)]
        yield "dead", ("dead",), [{"backbone": kind} for kind in ("weak", "dying", "dead")]
        yield "short", ("undertrained",), [_for_epochs(network, number) for number in (3, 2, 1)]
        yield (
            "small",
            ("underfitting", "dead"),
            [{"backbone": f"narrow{n}", "train": {"augmentation": _MOVE}} for n in (3, 2, 1)],
        )
        yield (
            "memorised",
            ("overfitting", "too_few"),
            [
                {
                    "train": {
                        "augmentation": [],
                        "head": {"pooling": "flatten", "units": [256]},
                        "phases": [{"trainable": "all", "num_epochs": 25}],
                    },
                    "change": partial(cut, number=number),
                }
                for number in (400, 200, 130)
            ],
        )
        yield "penalty", ("underfitting",), [{"train": {"head": {"l2": l2}}} for l2 in (1.0, 5.0, 20.0)]
    if network.normalizes:
        yield (
            "lag",
            ("normalization_lag",),
            [{"train": {"normalization_momentum": momentum}} for momentum in (0.999, 0.9995, 0.9999)],
        )
    if network.is_pretrained:
        if network.name == "frozen":
            yield (
                "scaling",
                ("input_scaling",),
                [
                    {"train": {"input_scaling": name}}
                    for name in ("bgr_zero_to_255", "zero_to_one", "minus_one_to_one")
                ],
            )
            yield (
                "large_head",
                ("overfitting",),
                [
                    {
                        "train": {"head": {"pooling": "flatten", "units": [256]}},
                        "change": partial(cut, number=number),
                    }
                    for number in (500, 250, 130)
                ],
            )
        else:
            wreck = [{"trainable": "all", "num_epochs": 2}]
            yield (
                "wrecked",
                ("forgetting", "unstable"),
                [{"train": {"learning_rate": rate, "phases": wreck}} for rate in (0.0003, 0.001, 0.003)],
            )


def _at_rate(network: Network, rate: float) -> dict[str, Any]:
    phases = [{**phase, "learning_rate": None} for phase in network.train["phases"]]
    return {"train": {"learning_rate": rate, "phases": phases}}


def _for_epochs(network: Network, number: int) -> dict[str, Any]:
    phases = [{**phase, "num_epochs": number} for phase in network.train["phases"]]
    return {"train": {"phases": phases, "learning_rate": 0.0005}}


def _changed(change: Callable[..., Pictures], **settings: Any) -> dict[str, Any]:
    return {"change": partial(change, **settings)}


def pictures_of(network: Network, seed: int, drawn: Path) -> Pictures:
    """Cats and dogs for a network, other ones for each seed; `drawn` is the stock of drawn ones."""
    if network.is_pretrained:
        return real_pictures(network.size_px, network.counts, seed)
    return drawn_pictures(drawn, network.counts, seed)
