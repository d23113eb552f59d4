"""The stages of the pipeline, one module each."""

import sys

from pawtrace.running.importing import end_at_ctrl_c

if sys.argv[0] == "-m":  # `python -m stages.<name>`, which still imports
    end_at_ctrl_c()
