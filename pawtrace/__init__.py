"""The library behind the stages and flows; its folders are named by stage and by question.

base and config: every stage stands on them. dataset, learning, evaluation: photos to metrics.
results, diagnosis, report: metrics to an answer. lineage: what a number was made from. inference,
promotion, rebuilding: using the result. running, commands: how all of it is started.
"""

import os

# Set before any of these libraries is imported anywhere: they read it at import.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # asks a server for its newest version
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # C++ start-up chatter

# What a script of one's own uses; imported when it is first asked for, as it needs Keras.
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
