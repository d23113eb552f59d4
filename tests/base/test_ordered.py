"""Results come in the order of the items; an error comes at once, and nothing queued is begun after it."""

import time
from collections.abc import Iterator

import pytest

from pawtrace.base.ordered import ordered_map


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.001 * (5 - number % 5))
        return number

    assert list(ordered_map(slow_first, range(200), title="t", total=200, num_workers=4)) == list(range(200))


def test_an_error_ends_the_work_instead_of_waiting_for_what_is_queued() -> None:
    begun = []

    def fail_at_first(number: int) -> int:
        begun.append(number)
        if number == 0:
            raise ValueError("bad")
        time.sleep(0.02)
        return number

    start = time.monotonic()
    with pytest.raises(ValueError, match="bad"):
        list(ordered_map(fail_at_first, range(1000), title="t", total=1000, num_workers=2))
    assert time.monotonic() - start < 1
    num_begun = len(begun)
    assert num_begun < 50  # some hundred were queued
    time.sleep(0.1)
    assert len(begun) == num_begun


def test_when_nobody_reads_on_nothing_more_is_begun() -> None:
    begun = []

    def slow(number: int) -> int:
        begun.append(number)
        time.sleep(0.01)
        return number

    results: Iterator[int] = ordered_map(slow, range(1000), title="t", total=1000, num_workers=2)
    assert next(results) == 0
    start = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 0.5
    assert len(begun) < 100
