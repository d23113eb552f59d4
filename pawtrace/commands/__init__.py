"""The commands of `pawtrace`, a module each: `add_arguments(parser)` and `run(arguments) -> exit code`.

A module's first line of documentation is its help. What takes long to import is imported in `run`.
"""
