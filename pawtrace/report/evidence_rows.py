"""The evidence behind a diagnosis as short rows of plain words, for the page."""

from pawtrace.config.conventions import CONVENTIONS
from pawtrace.diagnosis.finding import Numbers
from pawtrace.results.number_words import decimal, percent
from pawtrace.results.probe_results import Contrast, LinearProbe, RateRange, Spread
from pawtrace.results.results import Result

_NOT_FINITE = "not a finite number"
_WEIGHTS = {"random": "random", "imagenet": "ImageNet's", "file": "from a file"}
# Numbers of a diagnosis that are shares; all others are losses, spreads and counts.
_SHARES = ("accuracy", "share", "chance", "gap")


def number_rows(numbers: Numbers) -> list[tuple[str, str]]:
    """The numbers of a diagnosis: (what it is, its value)."""
    return [(name.removeprefix("num_").replace("_", " "), _shown(name, numbers[name])) for name in numbers]


def probe_rows(result: Result) -> list[tuple[str, str]]:
    """What was measured before training: (what, the outcome)."""
    probes = result.probes
    inputs, probe = probes.input_range, probes.overfit
    probe_size = f"{probe.num_examples} pictures in {probe.num_steps} steps"
    return [
        ("loss before the first step, in training mode", _loss(probes.initial.training.loss)),
        ("loss before the first step, in inference mode", _loss(probes.initial.inference.loss)),
        ("inputs of the backbone", _spread(inputs.received)),
        (
            f"inputs that the backbone expects (its weights: {_WEIGHTS[inputs.weights]})",
            _spread(inputs.expected),
        ),
        ("contrast of the pictures, plain and augmented", _contrast(probes.contrast)),
        *_linear_probe_rows(probes.linear_probe),
        ("learning rates at which the loss falls", _rates(probes.rate_range)),
        (
            f"memorising {probe_size} at a rate of {probe.learning_rate:.1g}",
            _outcome(probe.accuracy, probe.loss),
        ),
    ]


def _contrast(contrast: Contrast) -> str:
    return f"{contrast.plain:.1f} and {contrast.augmented:.1f} of 255"


def _linear_probe_rows(probe: LinearProbe | None) -> list[tuple[str, str]]:
    if probe is None:
        return []
    shares = sorted(
        ((found.num_right / probe.num_examples, name) for name, found in probe.conventions.items()),
        reverse=True,
    )
    return [
        (
            f"linear classifier on the pretrained features; inputs {CONVENTIONS[name].words}"
            f"{', as here' if name == probe.received else ''}",
            f"{percent(share)} right",
        )
        for share, name in shares
    ]


def _rates(rates: RateRange) -> str:
    if rates.falls_from is None or rates.steepest is None:
        return f"none; the recipe's is {rates.rate:g}"
    end = "" if rates.blows_up_at is None else f", blows up at {rates.blows_up_at:.1g}"
    return (
        f"from {rates.falls_from:.1g}, fastest at {rates.steepest:.1g}{end}; the recipe's is {rates.rate:g}"
    )


def _shown(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    is_share = any(word in name for word in _SHARES)
    return percent(value) if is_share else decimal(value)


def _loss(value: float | None) -> str:
    return _NOT_FINITE if value is None else decimal(value)


def _spread(values: Spread) -> str:
    low, high, std = (_NOT_FINITE if v is None else f"{v:.3g}" for v in (values.min, values.max, values.std))
    return f"{low} to {high}, standard deviation {std}"


def _outcome(accuracy: float | None, loss: float | None) -> str:
    right = _NOT_FINITE if accuracy is None else f"{percent(accuracy)} right"
    return f"{right}, loss {_loss(loss)}"
