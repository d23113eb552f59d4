"""Seeds of layers that depend on the recipe's seed alone."""

import contextlib
import random
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def seeds_of_layers(seed: int) -> Iterator[None]:
    """Give this thread its own `random.randint`, from which Keras draws the seed of every layer.

    Keras draws from Python's global generator, and so do others at moments of their own: Prefect's
    threads the pauses between their calls. One draw of theirs while a model is built, and the weights
    of all later layers are others.

    Args:
      seed: the first draws are those that follow `random.seed(seed)`.
    """
    own, builder, shared = random.Random(seed), threading.get_ident(), random.randint

    def randint(a: int, b: int) -> int:
        return own.randint(a, b) if threading.get_ident() == builder else shared(a, b)

    random.randint = randint
    try:
        yield
    finally:
        random.randint = shared
