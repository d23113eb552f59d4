"""The errors that a user can mend, each a single line.

A message says where, what was expected, what was found, and what to run next.
"""


class PawtraceError(Exception):
    """A problem that its message explains completely; entry points show it without a traceback."""


class ParamsError(PawtraceError):
    """params.yaml, or a recipe in it, is wrong."""


class DataError(PawtraceError):
    """An archive, a split, a record or a shard is missing, changed or unusable."""


class DeviceError(PawtraceError):
    """The hardware or the disk cannot do what was asked."""


class TrainingError(PawtraceError):
    """A model, its weights or its training is unusable."""
