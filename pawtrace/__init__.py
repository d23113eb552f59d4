"""The library behind the stages and flows: what a params file, a dataset, a model, a metric is.

Sub-packages know only what lies below them: config < dataset < learning < evaluation, and
lineage beside them. None imports `stages` or `flows`.
"""

import os

# Set before any of these libraries is imported anywhere: they read it at import.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # asks a server for its newest version
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # C++ start-up chatter
