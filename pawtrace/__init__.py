"""The code that the stages, flows and commands call.

base, config: used by every stage. dataset, learning, evaluation: from photos to metrics. results, diagnosis,
report: from metrics to verdicts. lineage: what a metric was made from. inference, promotion, rebuilding: use
a model. running, commands: start all of it.
"""

import os

# Set before any of these libraries is imported anywhere: they read it at import.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # asks a server for its newest version
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # C++ start-up chatter

# For the user's own scripts; imported at first use, because they need Keras.
_FOR_SCRIPTS = {
    "diagnose": "pawtrace.foreign.diagnosing",
    "DiagnoseCallback": "pawtrace.foreign.callback",
}


def __getattr__(name: str) -> object:
    """`pawtrace.diagnose(model, test, train, history)` and `pawtrace.DiagnoseCallback(test, train)`."""
    if name not in _FOR_SCRIPTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_FOR_SCRIPTS[name]), name)
