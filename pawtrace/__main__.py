"""The command line: `pawtrace <command>`, or `python -m pawtrace <command>`, in the project's folder."""

import argparse
import importlib
import os
import shlex
import signal
import sys
from collections.abc import Sequence

from pawtrace.running.importing import end_at_ctrl_c, raise_at_ctrl_c

COMMANDS = (
    "init", "backbone", "review",
    "diagnose", "profile", "check", "cure", "trace", "verify", "predict", "export", "promote", "rollback",
    "status",
)  # fmt: skip
BAD_INPUT = 2  # as argparse has it; 1 is a command's own "no"


def parser() -> argparse.ArgumentParser:
    """The arguments of every command."""
    whole = argparse.ArgumentParser(prog="pawtrace", description="What a metric came from, and why it moved.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="command")
    for name in COMMANDS:
        module = importlib.import_module(f"pawtrace.commands.{name}")
        help_ = str(module.__doc__).splitlines()[0]
        command = commands.add_parser(name, help=help_, description=help_)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return whole


def main(words: Sequence[str] | None = None) -> None:
    """Run the command that the words name; exit with its code, 2 where the input is wrong."""
    words = sys.argv[1:] if words is None else words
    end_at_ctrl_c()  # importing takes a second
    try:
        from pawtrace.running.entry_point import errors_in_one_line

        arguments = parser().parse_args(words)
    finally:
        raise_at_ctrl_c()
    try:
        with errors_in_one_line(arguments.command, again=shlex.join(["pawtrace", *words]), code=BAD_INPUT):
            sys.exit(arguments.run(arguments))
    except BrokenPipeError:  # its reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


if __name__ == "__main__":
    main()
