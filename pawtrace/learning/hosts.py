"""Training on several hosts: a process on each, connected by JAX as the variables KERAS_DISTRIBUTION_* say.

Host 0, the chief, does everything that one process does. The others take part in the training alone: they
compute their share of every step, and write nothing. Source: keras.distribution.initialize.
"""

import itertools
import json
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pawtrace.base.errors import DeviceError, first_line
from pawtrace.running.processes import stop_if_interrupted

ADDRESSES, NUM_HOSTS, HOST = (
    f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
)
_WAIT_S = 240.0  # for all hosts to start; JAX ends the process without a word after 300
_POLL_S = 0.2
_ANSWER_MS = 500  # between two looks for Ctrl-C
_questions = itertools.count()
_joined = False
Answer = TypeVar("Answer")


def is_chief() -> bool:
    """Whether this process does more than take part: it is host 0, or the only one."""
    return os.environ.get(HOST, "0") == "0"


def join_hosts() -> None:
    """Connect with the other hosts, where there are any, before anything is computed.

    Raises:
      DeviceError: the variables do not fit together, or not all hosts start within four minutes.
    """
    global _joined
    if _joined or (expected := _num_expected()) == 1:
        return
    import keras

    keras.utils.set_random_seed(0)  # or Keras would have the hosts agree on one, by their CPUs
    # In a thread: where a host is missing, JAX would end the process instead of raising an error.
    failures: list[Exception] = []
    thread = threading.Thread(target=_connect, args=(failures,), daemon=True)
    thread.start()
    waited_from = time.monotonic()
    while thread.is_alive():
        thread.join(_POLL_S)
        stop_if_interrupted()
        if time.monotonic() - waited_from > _WAIT_S:
            raise DeviceError(
                f"{ADDRESSES}: expected {expected} hosts to meet at {os.environ[ADDRESSES]} within "
                f"{_WAIT_S:.0f} s, found some missing; start the same command on all hosts, each with its "
                f"own {HOST}"
            )
    if failures:
        raise DeviceError(f"{ADDRESSES}: cannot connect with the other hosts: {first_line(failures[0])}")
    _joined = True


def num_hosts() -> int:
    """How many hosts train together."""
    return int(os.environ[NUM_HOSTS]) if _joined else 1


def leave_hosts() -> None:
    """Part from the other hosts, when the training is over: what follows is the chief's alone."""
    global _joined
    if not _joined:
        return
    import jax

    jax.distributed.shutdown()
    _joined = False


def agreed(ask: Callable[[], Answer]) -> Answer:
    """The chief's answer to a question on which all hosts must act alike; the others wait for it.

    Args:
      ask: gives what JSON holds; called on the chief alone. All hosts ask the same questions in order.
    """
    if not _joined:
        return ask()
    import jax
    from jax._src import distributed  # nothing public keeps a value without the devices; Orbax does so, too

    client: Any = distributed.global_state.client
    key = f"pawtrace/{next(_questions)}"
    if is_chief():
        answer = ask()
        client.key_value_set(key, json.dumps(answer))
        return answer
    while True:
        try:
            answer = json.loads(client.blocking_key_value_get(key, _ANSWER_MS))
        except jax.errors.JaxRuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise
            stop_if_interrupted()
        else:
            return answer


def whole_array(array: Any) -> Any:
    """All of an array whose rows are spread over the hosts; any other array as it is."""
    if not _joined or array.is_fully_addressable:
        return array
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(array, tiled=True)


def _connect(failures: list[Exception]) -> None:
    import keras

    try:
        keras.distribution.initialize()
    except Exception as error:  # ValueError, or JAX's own
        failures.append(error)


def _num_expected() -> int:
    """How many hosts the variables name, which must fit together; 1 where none is set."""
    values = {name: os.environ.get(name, "") for name in (ADDRESSES, NUM_HOSTS, HOST)}
    if not any(values.values()):
        return 1
    if missing := [name for name, value in values.items() if not value]:
        raise DeviceError(
            f"{missing[0]}: expected all of {', '.join(values)}, or none; found it missing; "
            f"run: export {missing[0]}=..., or: unset {' '.join(values)}"
        )
    num_hosts, host = _whole_number(NUM_HOSTS, 1), _whole_number(HOST, 0)
    addresses = values[ADDRESSES].split(",")
    if host >= num_hosts:
        raise DeviceError(f"{HOST}: expected a number below {NUM_HOSTS} ({num_hosts}), found {host}")
    if len(addresses) not in (1, num_hosts) or not all(re.fullmatch(r".+:\d+", each) for each in addresses):
        raise DeviceError(
            f"{ADDRESSES}: expected host:port of host 0, or of each of the {num_hosts} hosts, separated by "
            f"commas; found {values[ADDRESSES]!r}"
        )
    import keras

    if keras.backend.backend() != "jax":
        raise DeviceError(
            f"KERAS_BACKEND: expected jax, which alone trains on several hosts ({NUM_HOSTS}={num_hosts}); "
            f"found {keras.backend.backend()}; run: export KERAS_BACKEND=jax"
        )
    return num_hosts


def _whole_number(name: str, smallest: int) -> int:
    value = os.environ[name]
    if not value.isdecimal() or int(value) < smallest:
        raise DeviceError(f"{name}: expected a whole number of at least {smallest}, found {value!r}")
    return int(value)
