"""The command line: `pawtrace <command>`, or `python -m pawtrace <command>`, in the project's folder."""

import argparse
import contextlib
import importlib
import os
import shlex
import signal
import sys
from collections.abc import Collection, Sequence

from pawtrace.commands import COMMANDS, WITH_KERAS, overview
from pawtrace.running import loudness
from pawtrace.running.importing import end_at_ctrl_c, raise_at_ctrl_c

BAD_INPUT = 2  # as argparse has it; 1 is a command's own "no"
_SHELLS = ("bash", "zsh", "tcsh")


class _ShowVersion(argparse.Action):
    """`version` of argparse wants the number before anybody has asked for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"pawtrace {version('pawtrace')}")
        parser.exit()


class _PrintCompletion(argparse.Action):
    def __call__(self, whole: argparse.ArgumentParser, _: object, shell: object, *__: object) -> None:
        import shtab

        print(shtab.complete(parser(), str(shell)))
        whole.exit()


def parser(commands: Collection[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line.

    Args:
      commands: those whose arguments are wanted; to import the modules of all takes most of a second.
    """
    layout = argparse.RawDescriptionHelpFormatter
    usage = "pawtrace [-h] [--version] [-q | -v] COMMAND ..."
    whole = argparse.ArgumentParser("pawtrace", usage, overview(), formatter_class=layout)
    whole.add_argument("--version", action=_ShowVersion, nargs=0, help="print the version")
    whole.add_argument(
        "--print-completion", action=_PrintCompletion, choices=_SHELLS, help="print your shell's completion"
    )
    _add_loudness(whole, default=False)
    named = whole.add_subparsers(
        dest="command", metavar="COMMAND", prog="pawtrace", help="one of the commands above"
    )
    for name in COMMANDS:
        if name not in commands:
            named.add_parser(name)
            continue
        module = importlib.import_module(f"pawtrace.commands.{name}")
        about = str(module.__doc__)
        command = named.add_parser(
            name, help=about.splitlines()[0], description=about, formatter_class=layout
        )
        module.add_arguments(command)
        _add_loudness(command, default=argparse.SUPPRESS)
        command.set_defaults(run=module.run)
    return whole


def _add_loudness(parser: argparse.ArgumentParser, default: object) -> None:
    """-q and -v, before the command's name and after it."""
    group = parser.add_mutually_exclusive_group()
    for short, long, words in (
        (
            "-q",
            "--quiet",
            "print only errors, and what --json, --csv or --md ask for; the exit code tells the result",
        ),
        ("-v", "--verbose", "also print the output of libraries and, after an error, the place in the code"),
    ):
        group.add_argument(short, long, action="store_true", default=default, help=words)


def _asks_for_data(arguments: argparse.Namespace) -> bool:
    """Whether the output is for a program, which then needs it."""
    return any(getattr(arguments, name, False) for name in ("json", "csv", "md"))


def main(words: Sequence[str] | None = None) -> None:
    """Run the command that the words name; exit with its code, 2 where the input is wrong."""
    is_this_process = words is None
    words = sys.argv[1:] if words is None else words
    end_at_ctrl_c()  # importing takes a second
    try:
        from pawtrace.running.entry_point import errors_in_one_line

        whole = parser(set(words))
        arguments = whole.parse_args(words)
        if arguments.command is None:
            whole.print_help()
            sys.exit(0)
        loudness.choose(is_quiet=arguments.quiet, is_verbose=arguments.verbose)
        if is_this_process and arguments.command in WITH_KERAS and not loudness.is_verbose():
            loudness.hide_startup_lines()
    finally:
        raise_at_ctrl_c()
    try:
        with (
            errors_in_one_line(arguments.command, again=shlex.join(["pawtrace", *words]), code=BAD_INPUT),
            loudness.answer_dropped()
            if arguments.quiet and not _asks_for_data(arguments)
            else contextlib.nullcontext(),
        ):
            sys.exit(arguments.run(arguments))
    except BrokenPipeError:  # its reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


if __name__ == "__main__":
    main()
