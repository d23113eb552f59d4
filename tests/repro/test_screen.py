"""`make repro` in few lines: the stage that runs, verdicts, warnings; all that a failing stage said."""

import io
from collections.abc import Iterable

import pytest

from pawtrace.repro.screen import Screen
from pawtrace.repro.time_left import TimeLeft

CHATTER = [
    "> python -m flows.train_recipe one",
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795745504.900832    1425 port.cc:153] oneDNN custom operations are on.",
    "train 32px:  43%|####3     | 480/1122 [00:01<00:01, 400.00 images/s]",
    "check: input values have a standard deviation of 0.22, 0.5 s",
    "phase 1 of 1, epoch 1 of 7: loss 0.69, accuracy 0.5",
]
HINTS = [
    "To track the changes with git, run:",
    "\tgit add dvc.lock reports/metrics/one.json",
    "To enable auto staging, run:",
    "\tdvc config core.autostage true",
    "Use `dvc push` to send your updates to remote storage.",
    "WARNING: 'data/in_use/archive' is empty.",
]
UPDATED = "Updating lock file 'dvc.lock'"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Estimate(TimeLeft):
    def words(self, stage: str) -> str:
        return ", about 1 min, 5 min left" if stage.startswith("train@") else ""


def verdict_line(recipe: str) -> str:
    return f"{recipe}: 45.3 %, dead"


def shown(lines: Iterable[str], *, failed: bool = False, output: io.StringIO | None = None) -> list[str]:
    output = output or io.StringIO()
    screen = Screen(output, ["one", "two"], Estimate(["one", "two"]), verdict_line)
    for line in lines:
        screen.show(line)
    screen.end(failed=failed)
    return output.getvalue().splitlines()


def test_a_stage_that_runs_is_a_line_with_its_place_and_its_time() -> None:
    lines = [
        "Stage 'resolve' didn't change, skipping",
        "Running stage 'train@one':",
        *CHATTER,
        UPDATED,
        *HINTS,
    ]
    assert shown(lines) == ["[2 of 9] train one, about 1 min, 5 min left"]


def test_what_comes_from_the_run_cache_counts_too() -> None:
    lines = [
        "Stage 'train@one' is cached - skipping run, checking out outputs",
        UPDATED,
        "Running stage 'train@two':",
    ]
    assert shown(lines)[0].startswith("[2 of 9] train two")


@pytest.mark.parametrize("after", [[UPDATED], ["Running stage 'report':"], []])
def test_a_verdict_comes_as_soon_as_its_recipe_is_measured(after: list[str]) -> None:
    lines = ["Running stage 'measure@one':", "measure: one: test accuracy 0.453 (0.390 to 0.518)"]
    assert shown(lines)[-1] == "  one: 45.3 %, dead"
    assert shown([*lines, *after])[1] == "  one: 45.3 %, dead"


def test_what_stages_say_of_the_data_and_every_warning_are_shown() -> None:
    said = ["split: train 1144; 34 rejected", "report: the file type tells cats from dogs"]
    stages = ["split", "report"]
    lines = [
        line for pair in zip(stages, said, strict=True) for line in (f"Running stage '{pair[0]}':", pair[1])
    ]
    warning = "one: warning: batch_size 512 is more than the train split has"
    lines += ["Running stage 'train@one':", warning, UPDATED, "WARNING: DVC has a word to say"]
    found = shown(lines)
    for line in (*said, warning):
        assert f"  {line}" in found
    assert found[-1] == "WARNING: DVC has a word to say"


def test_a_stage_that_fails_shows_all_it_said() -> None:
    said = ["Traceback (most recent call last):", '  File "a.py", line 1', "RuntimeError: boom"]
    error = "ERROR: failed to reproduce 'train@one': failed to run: python -m ..., exited with 1"
    found = shown(["Running stage 'train@one':", *CHATTER, *said, error], failed=True)
    assert found[1:] == [*CHATTER[-2:], *said, error]


def test_a_stage_that_is_killed_without_a_word_of_dvc_shows_what_it_said() -> None:
    assert shown(["Running stage 'train@one':", "the last words"], failed=True)[-1] == "the last words"


def test_an_error_of_ours_needs_no_context() -> None:
    ours = "pawtrace train@one: the loss is not finite; set train.learning_rate lower"
    error = "ERROR: failed to reproduce 'train@one': failed to run: ..., exited with 1"
    assert shown(["Running stage 'train@one':", *CHATTER, ours, error], failed=True)[1:] == [
        f"  {ours}",
        error,
    ]


def test_a_failure_measures_no_verdict() -> None:
    lines = ["Running stage 'measure@one':", "ERROR: failed to reproduce 'measure@one': ..."]
    assert not any("dead" in line for line in shown(lines, failed=True))


def test_a_terminal_shows_the_newest_line_until_the_next_one() -> None:
    terminal = Terminal()
    shown(["Running stage 'train@one':", CHATTER[-1], UPDATED], output=terminal)
    assert f"\r\033[K  {CHATTER[-1]}"[:80] in terminal.getvalue()
    assert terminal.getvalue().rsplit("\n", 1)[-1].endswith("\r\033[K")


def test_what_cannot_be_shown_ends_no_run() -> None:
    output = io.StringIO()

    def broken(recipe: str) -> str:
        raise RuntimeError(recipe)

    screen = Screen(output, ["one"], Estimate(["one"]), broken)
    screen.show("Running stage 'measure@one':")
    screen.show(UPDATED)
    assert output.getvalue().splitlines()[-1] == "  one: cannot be shown: RuntimeError('one')"
