"""How far the labels can be trusted, by predictions of models that have not seen them.

Sources: for the share of wrong labels, the lapse rate of psychometric functions, Wichmann & Hill 2001,
"The psychometric function: I. Fitting, sampling, and goodness of fit"; for the suspects, Northcutt, Jiang
& Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", as cleanlab has it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import binom, norm, rankdata
from threadpoolctl import threadpool_limits

from pawtrace.config.sections import LABELS
from pawtrace.diagnosis.scores import Score, score_by_label
from pawtrace.evaluation.intervals import wilson
from pawtrace.evaluation.predictions import THRESHOLD, Predictions

_SUREST = 1 / 3  # of the predictions: a model that is merely weak errs where it is unsure


class Suspect(NamedTuple):
    """An example whose label is probably wrong."""

    id: str
    split: str
    label: str
    probability: float  # P(dog)


class Judged(NamedTuple):
    """Examples with labels, and what a model says that has not seen those labels."""

    ids: list[str]
    splits: list[str]
    labels: np.ndarray  # int (n,)
    probabilities: np.ndarray  # float (n,), P(dog)

    @property
    def score(self) -> Score:
        """How many examples of each label are judged rightly."""
        return score_by_label(self.labels, self.is_right)

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return float(self.is_right.mean())

    @property
    def accuracy_low(self) -> float:
        """The lower 95 % bound of the accuracy: few pictures flatter a judge."""
        return wilson(int(self.is_right.sum()), len(self.labels))[0]

    @property
    def is_right(self) -> np.ndarray:
        """Whether each prediction agrees with the label, bool (n,)."""
        return np.asarray((self.probabilities >= THRESHOLD) == (self.labels == 1))


def judged_by(predictions: Mapping[str, Predictions]) -> Judged:
    """Predictions of a model by split, as one judgement."""
    parts = predictions.values()
    return Judged(
        [id for part in parts for id in part.ids],
        [split for split, part in predictions.items() for _ in part.ids],
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )


class SureErrors(NamedTuple):
    """How often a model is wrong where it is surest."""

    num_sure: int
    num_wrong: int
    error_share: float  # over all predictions

    @property
    def share(self) -> float:
        """The share of errors among the surest predictions."""
        return self.num_wrong / self.num_sure

    @property
    def low(self) -> float:
        """The lower 95 % bound of the share."""
        return wilson(self.num_wrong, self.num_sure)[0]

    @property
    def expected(self) -> float:
        """The share that a model of that accuracy has where labels are right."""
        return sure_error_of(1 - self.error_share)

    @property
    def p_value(self) -> float:
        """How probable so many errors are where labels are right."""
        return float(binom.sf(self.num_wrong - 1, self.num_sure, self.expected))


class WrongLabels(NamedTuple):
    """How many labels are wrong, as the predictions tell."""

    share: float  # of all labels
    likelihood_ratio: float  # twice the gain in log-likelihood over none being wrong


def wrong_labels(judged: Judged) -> WrongLabels:
    """Estimate the share of wrong labels from predictions that have not seen them.

    Where labels are right, P(label) goes to 0 and 1 with the judge's score, as a logistic function; wrong
    labels keep it away from both ends, however sure the judge is. Scores are ranks, mapped to a normal
    distribution, so that an overconfident judge counts as one that is not.
    """
    ranks = rankdata(judged.probabilities) / (len(judged.labels) + 1)
    scores, labels = norm.ppf(ranks), judged.labels.astype(float)

    def loss(slope: float, offset: float, of_cats: float, of_dogs: float) -> float:
        chance = of_cats + (1 - of_cats - of_dogs) / (1 + np.exp(-np.clip(slope * scores + offset, -40, 40)))
        chance = np.clip(chance, 1e-9, 1 - 1e-9)
        return float(-(labels * np.log(chance) + (1 - labels) * np.log(1 - chance)).sum())

    bounds = [(0.0, 60.0), (-30.0, 30.0)]
    # On systems of two and four numbers, threads of BLAS only wait for each other, in busy loops.
    with threadpool_limits(1, user_api="blas"):
        plain = minimize(lambda v: loss(v[0], v[1], 0.0, 0.0), (1.0, 0.0), bounds=bounds, method="L-BFGS-B")
        starts = (*plain.x, 0.02, 0.02), (2 * plain.x[0], plain.x[1], 0.1, 0.1), (4.0, 0.0, 0.2, 0.2)
        bounds += [(0.0, 0.49), (0.0, 0.49)]
        fits = [minimize(lambda v: loss(*v), start, bounds=bounds, method="L-BFGS-B") for start in starts]
    best = min(fits, key=lambda fit: fit.fun)
    of_dogs, of_cats = float((labels == 1).mean()), float((labels == 0).mean())
    return WrongLabels(float(best.x[2] * of_cats + best.x[3] * of_dogs), 2 * float(plain.fun - best.fun))


def sure_error_of(accuracy: float) -> float:
    """The share of errors among the surest third of predictions, where labels are right.

    The scores of cats and dogs are taken as normal with equal spread (Green & Swets 1966), so far apart
    that the accuracy comes out.
    """
    half = float(norm.ppf(min(max(accuracy, 0.5), 0.9999)))  # of the distance
    # Of a dog's score, N(half, 1): the bound beyond which a third of all |scores| lie.
    bound = float(brentq(lambda x: norm.sf(x - half) + norm.cdf(-x - half) - _SUREST, 0.0, half + 10.0))
    return float(norm.cdf(-bound - half)) / _SUREST


def sure_errors(judged: Judged) -> SureErrors:
    """Count the errors among the surest third of the cats and of the dogs it predicts, by their order alone.

    Labels that are wrong by chance are wrong as often there as elsewhere; the errors of a weak or an
    overconfident model are rarer there. Each class has its own third: where only dogs were labelled as
    cats, a model is unsure of all dogs, and the surest of all predictions are cats.
    """
    says_dog, wrong = judged.probabilities >= THRESHOLD, ~judged.is_right
    thirds = [_surest_third(judged.probabilities, np.flatnonzero(side)) for side in (~says_dog, says_dog)]
    surest = np.concatenate(thirds)
    return SureErrors(len(surest), int(wrong[surest].sum()), float(wrong.mean()))


def _surest_third(probabilities: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    order = np.argsort(-np.abs(probabilities[numbers] - THRESHOLD), kind="stable")
    return numbers[order[: round(_SUREST * len(numbers))]]


def sure_suspects(judged: Judged, confidence: float) -> list[Suspect]:
    """The suspects whose other label has at least a given probability, the surest first."""
    found = [suspect for suspect in suspects_of(judged) if _wrongness(suspect) >= confidence]
    return sorted(found, key=lambda suspect: (-_wrongness(suspect), suspect.id))


def _wrongness(suspect: Suspect) -> float:
    return suspect.probability if suspect.label == LABELS[0] else 1 - suspect.probability


def suspects_of(judged: Judged) -> list[Suspect]:
    """The examples whose labels confident learning doubts, the most doubtful first."""
    from cleanlab.filter import find_label_issues  # takes a second: only who looks for suspects needs it

    if len(np.unique(judged.labels)) < len(LABELS) or len(judged.labels) < 2 * len(LABELS):
        return []
    probabilities = np.stack([1 - judged.probabilities, judged.probabilities], axis=1)
    numbers = find_label_issues(
        judged.labels,
        np.clip(probabilities, 1e-6, 1 - 1e-6),
        return_indices_ranked_by="self_confidence",
        filter_by="both",
        n_jobs=1,
    )
    return [
        Suspect(
            judged.ids[number],
            judged.splits[number],
            LABELS[int(judged.labels[number])],
            float(judged.probabilities[number]),
        )
        for number in numbers
    ]
