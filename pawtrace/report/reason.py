"""The sentences that lead: why the first recipe is as good as it is, what helps, and how sure that is.

Arrives: rungs, the data, where the models come from. Leaves: sentences.
"""

from collections.abc import Iterable, Sequence

from pawtrace.report.ladder import Rung, best_rung, majority_share
from pawtrace.results.comparisons import as_good_as
from pawtrace.results.data_summary import DataSummary
from pawtrace.results.number_words import percent, plural
from pawtrace.results.origins import Origin
from pawtrace.results.paired import Comparison
from pawtrace.results.results import Result

_MOST_COMMITS = 3  # that are listed
_MOST_EQUALS = 4  # that are named
_MUCH_QUICKER = 0.5  # of the training time; smaller differences may be the machine's
_DRAWN = "sample"  # the source whose pictures are drawn


def headline(rung: Rung) -> str:
    """What there is to say of a recipe, in one line: `Why x reaches only 45.3 %: ...`."""
    accuracy, cause = percent(rung.test_accuracy), rung.verdict.cause
    if rung.verdict.name == "leaking":
        return f"{accuracy} of {rung.recipe} cannot be trusted: {cause}"
    if rung.verdict.name == "healthy":
        return f"{rung.recipe} is healthy: {accuracy} correct on unseen pictures"
    return f"Why {rung.recipe} reaches only {accuracy}: {cause}"


def answer(rungs: Sequence[Rung]) -> list[str]:
    """The ladder in a few sentences: what is wrong with the first rung, what to try next, the best rung."""
    best, first = best_rung(list(rungs)), rungs[0]
    sentences = [f"{headline(first)}. {first.diagnosis.sentence}"]
    if first.next is not None:
        sentences.append(first.next.sentence)
    if first.recipe != best.recipe or not best.beats_guessing:
        sentences.append(best_words(rungs))
    if best.next is not None and best.next != first.next:
        sentences.append(f"{best.recipe} itself: {best.verdict.cause}. {best.next.sentence}")
    return sentences


def best_words(rungs: Sequence[Rung]) -> str:
    """What the best recipe reaches; nothing is called the best that is no better than guessing."""
    best = best_rung(list(rungs))
    low, high = (f"{100 * end:.1f}" for end in best.test_interval)
    reached = f"{percent(best.test_accuracy)} correct on unseen pictures (95 % interval {low} to {high} %)"
    if best.beats_guessing:
        return _leader_words(best, rungs, reached)
    label, share = majority_share(best.result, "test")
    whose = "No recipe is" if len(rungs) > 1 else f"{best.recipe} is not"
    return (
        f"{whose} measurably better than guessing: {best.recipe}, {reached}. Always answering “{label}” "
        f"would reach {percent(share)}."
    )


def _leader_words(best: Rung, rungs: Sequence[Rung], reached: str) -> str:
    """The best one; where a cheaper one is as good, nothing is called the best."""
    of = plural(len(rungs), "recipe")
    equals = as_good_as(best.result, (rung.result for rung in rungs if rung.recipe != best.recipe))
    if not equals:
        return f"Best of {of}: {best.recipe}, {reached}."
    names = ", ".join(each.name for each in equals[:_MOST_EQUALS])
    more = f" and {len(equals) - _MOST_EQUALS} more" if len(equals) > _MOST_EQUALS else ""
    tie = f"no measurable difference to {names}{more} on the validation pictures"
    cheaper = _cheaper_words(best.result, equals)
    if cheaper is None:
        return f"Best of {of}: {best.recipe}, {reached}; {tie}."
    highest = best.result.metric("validation", "accuracy")
    is_shared = any(each.metric("validation", "accuracy") == highest for each in equals)
    why = "Highest validation accuracy" + (" and, of equals, lowest log loss" if is_shared else "")
    return f"{why} of {of}: {best.recipe}, {reached}; {tie}. {cheaper}"


def _cheaper_words(best: Result, equals: Sequence[Result]) -> str | None:
    """Which of the equally good ones is smaller or, with as many weights, much quicker to train."""
    smallest = min(equals, key=lambda result: result.training.num_weights)
    most = best.training.num_weights
    if smallest.training.num_weights < most:
        fewer = f"{smallest.training.num_weights:,} weights instead of {most:,}"
        return f"The smallest of these is {smallest.name}, with {fewer}."
    alike = [result for result in equals if result.training.num_weights == most]
    quickest = min(alike, key=lambda result: result.training.duration_s, default=best)
    if quickest.training.duration_s > _MUCH_QUICKER * best.training.duration_s:
        return None
    times = (f"{result.training.duration_s:,.0f} s" for result in (quickest, best))
    return f"The quickest to train of these is {quickest.name}: {' instead of '.join(times)}."


def symptom(rung: Rung, num_test: int) -> str:
    """What is seen from outside: the accuracy, and what guessing would reach."""
    low, high = (f"{100 * end:.1f}" for end in rung.test_interval)
    label, share = majority_share(rung.result, "test")
    return (
        f"{percent(rung.test_accuracy)} of {plural(num_test, 'test picture')} are classified correctly (95 % "
        f"interval {low} to {high} %). Always answering “{label}” would reach {percent(share)}."
    )


def is_drawn(data: DataSummary) -> bool:
    """Whether the pictures are pawtrace's own drawings, which say nothing about photos."""
    return data.source.source == _DRAWN


def data_words(data: DataSummary) -> str:
    """What the recipes were trained and measured on."""
    num_test, num = sum(data.split.splits["test"].values()), data.split.num_examples
    archive = f" ({data.source.archive})" if data.source.archive else ""
    what = f"{plural(num, 'picture')} drawn by pawtrace" if is_drawn(data) else plural(num, "photo") + archive
    return f"{what}; {num_test:,} of them are only for testing."


def precision_words(rungs: Sequence[Rung], num_test: int) -> str:
    """How wide the intervals are, and why."""
    widths = sorted({round(100 * (high - low), 1) for low, high in (rung.test_interval for rung in rungs)})
    wide = f"{widths[0]:.1f}" if len(widths) == 1 else f"{widths[0]:.1f} to {widths[-1]:.1f}"
    return (
        f"95 % intervals are {wide} points wide, because there are only {plural(num_test, 'test picture')}. "
        f"Intervals half as wide take four times as many test pictures: {4 * num_test:,}."
    )


def origin_words(origins: Iterable[Origin]) -> str:
    """When and on which commits the recipes were trained."""
    found = list(origins)
    days = sorted({origin.start.date() for origin in found})
    when = " to ".join(f"{day.day} {day:%B %Y}" for day in dict.fromkeys((days[0], days[-1])))
    commits = list(dict.fromkeys(origin.commit for origin in found if origin.commit))
    if not commits:
        return f"Trained on {when}, outside of a git repository."
    listed = ", ".join(commit[:9] for commit in commits[:_MOST_COMMITS])
    more = len(commits) - _MOST_COMMITS
    where = f"commit{'' if len(commits) == 1 else 's'} {listed}{f' and {more} more' if more > 0 else ''}"
    edited = ", with uncommitted edits" if any(origin.num_uncommitted for origin in found) else ""
    return f"Trained on {when}, from {where}{edited}."


def proof_words(comparison: Comparison) -> str:
    """A measured difference with its interval and the test behind it."""
    low, high = (f"{100 * end:+.1f}" for end in (comparison.low, comparison.high))
    chance = f"p = {comparison.p_value:.2g}" if comparison.p_value >= 0.0001 else "p < 0.0001"
    test = "McNemar's exact test on the same test pictures"
    if comparison.num_seeds:
        seeds = f"{comparison.num_seeds[0]} and {plural(comparison.num_seeds[1], 'seed')}"
        test = f"Welch's t-test on the means of {seeds}"
    interval = f"95 % interval {low} to {high}; {test}, {chance}"
    many = comparison.tie_among
    family = f" A tie as one of {many} comparisons, of which one may differ by chance." if many else ""
    return f"accuracy {100 * comparison.difference:+.1f} points ({interval}).{family}"
