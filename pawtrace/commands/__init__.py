"""The commands of `pawtrace`, one module each: `add_arguments(parser)` and `run(arguments) -> exit code`.

A module's docstring is the command's help. `run` imports what takes long to import. This file holds only
what `pawtrace --help` needs, so that the help appears at once.
"""

GROUPS = {
    "Your own model": {
        "diagnose": "find out why its accuracy is low; needs no project",
    },
    "Your photos": {
        "init": "set the project up for your photos",
        "backbone": "make a pretrained backbone for your recipes",
        "review": "look at doubtful photos in the browser",
    },
    "Train": {
        "profile": "switch params.yaml to a profile, or list the profiles",
        "check": "check that this machine has what the recipes need",
        "cure": "train the likeliest cures of a recipe's verdict",
    },
    "Look at results": {
        "results": "list the recipes: accuracy, interval, gap, verdict",
        "trace": "say why a metric moved, or how two recipes differ",
        "verify": "check all files that DVC tracks for damage",
    },
    "Use a model": {
        "predict": "classify photos as cat or dog",
        "promote": "promote a recipe's model, unless it may be worse",
        "rollback": "go back to the model that was promoted before",
        "status": "say which model is promoted, and whether it is intact",
        "export": "export the model to ONNX, TensorFlow or TFLite",
        "croissant": "describe the prepared data as Croissant metadata",
    },
}
COMMANDS = tuple(name for group in GROUPS.values() for name in group)
# The commands that may import Keras, whose libraries print messages when they start.
WITH_KERAS = frozenset({"backbone", "check", "diagnose", "export", "init", "predict", "promote", "review"})

_EXAMPLES = """\
Examples:
  pawtrace diagnose my_model.keras photos/         why is my model inaccurate?
  pawtrace init photos.zip && make repro           train on your photos
  pawtrace trace from_scratch from_scratch_normalized     how do two recipes differ?
  pawtrace trace HEAD~1 --md                       a comment for a pull request
  pawtrace predict holiday/ --csv > answers.csv

`pawtrace COMMAND --help` explains a command. Exit codes: docs/commands.md.
Completion in bash: eval "$(pawtrace --print-completion bash)\""""


def overview() -> str:
    """All commands in groups, with examples."""
    width = max(map(len, COMMANDS))
    lines = ["Find out why a cat/dog classifier is inaccurate, and what fixes it.", ""]
    for title, group in GROUPS.items():
        lines += [f"{title}:", *(f"  {name:{width}}  {words}" for name, words in group.items()), ""]
    return "\n".join([*lines, _EXAMPLES])
