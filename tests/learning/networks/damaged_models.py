"""Makes damaged `.keras` files of a good one: number n is always damaged in the same way.

What would be executed, were a file's code run, is that a file called `executed` appears.
"""

import base64
import io
import json
import marshal
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

Members = dict[str, bytes]
CONFIG, WEIGHTS = "config.json", "model.weights.h5"


class Damaged(NamedTuple):
    """What was done to the file."""

    how: str
    is_refused: bool  # whether it is unusable for sure


def damage(number: int, path: Path) -> Damaged:
    """Damage a good file, in its place, in the way that belongs to a number."""
    rng = random.Random(number)
    how = _WAYS[number % len(_WAYS)]
    if how in _OF_BYTES:
        path.write_bytes(_OF_BYTES[how](path.read_bytes(), rng))
        return Damaged(how, how != "bytes_flipped")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    _OF_MEMBERS[how](members, rng)
    kind = zipfile.ZIP_DEFLATED if how == "bomb" else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return Damaged(how, how not in ("hdf5_flipped", "metadata_gone"))


def _cut_off(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def _bytes_flipped(content: bytes, rng: random.Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(rng.randint(1, 30)):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _something_else(content: bytes, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        others = [
            b"",
            b"PK\x05\x06" + bytes(18),
            b"<html></html>",
            archive.read(WEIGHTS),
            rng.randbytes(2000),
        ]
    return rng.choice(others)


def _member_gone(members: Members, rng: random.Random) -> None:
    del members[rng.choice([CONFIG, WEIGHTS])]


def _metadata_gone(members: Members, _: random.Random) -> None:
    del members["metadata.json"]


def _config_is_nonsense(members: Members, rng: random.Random) -> None:
    nonsense = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"class_name": "Functional"}',
    ]
    members[CONFIG] = rng.choice(nonsense)


def _lambda_layer(members: Members, _: random.Random) -> None:
    code = compile("open('executed', 'w').close()", "lambda", "exec")
    encoded = base64.b64encode(marshal.dumps(code)).decode()
    function = {"class_name": "__lambda__", "config": {"code": encoded, "defaults": None, "closure": None}}

    def to_lambda(layer: dict[str, Any]) -> None:
        layer |= {
            "class_name": "Lambda",
            "module": "keras.layers",
            "config": {"name": "x", "function": function},
        }

    _edit_layer(members, to_lambda)


def _foreign_class(members: Members, rng: random.Random) -> None:
    foreign = [
        ("os", "system", {"command": "touch executed"}),
        ("builtins", "exec", {"source": "open('executed', 'w')"}),
        ("subprocess", "Popen", {"args": ["touch", "executed"]}),
        ("pathlib", "Path", {"args": "executed"}),
        ("keras.utils", "get_file", {"fname": "executed", "origin": "file:///etc/hostname"}),
        ("my_layers", "MyLayer", {}),
        ("keras.layers", "NoSuchLayer", {}),
        ("keras.layers", "TorchModuleWrapper", {"module": "x"}),
        ("keras.layers", "TFSMLayer", {"filepath": "/"}),
    ]
    module, name, config = rng.choice(foreign)

    def to_foreign(layer: dict[str, Any]) -> None:
        layer |= {"module": module, "class_name": name, "registered_name": name, "config": config}

    _edit_layer(members, to_foreign)


def _foreign_function(members: Members, rng: random.Random) -> None:
    name, module = rng.choice([("system", "os"), ("get_file", "keras.utils"), ("eval", "builtins")])

    def to_function(layer: dict[str, Any]) -> None:
        function = {"class_name": "function", "module": module, "config": name, "registered_name": name}
        layer["config"]["activation"] = function

    _edit_layer(members, to_function)


def _other_sizes(members: Members, rng: random.Random) -> None:
    filters = rng.choice([9, 0, -1, 10**6, 10**9, 10**15, "eight", None, 1.5, [8]])
    _edit_layer(members, lambda layer: layer["config"].update(filters=filters))


def _weights_cut(members: Members, rng: random.Random) -> None:
    members[WEIGHTS] = members[WEIGHTS][: rng.randrange(len(members[WEIGHTS]))]


def _hdf5_flipped(members: Members, rng: random.Random) -> None:
    members[WEIGHTS] = _bytes_flipped(members[WEIGHTS], rng)


def _weights_not_finite(members: Members, rng: random.Random) -> None:
    def break_one(_: h5py.File, dataset: h5py.Dataset) -> None:
        values = np.array(dataset)
        values.flat[rng.randrange(values.size)] = rng.choice([np.nan, np.inf, -np.inf])
        dataset[...] = values

    _edit_weights(members, rng, break_one)


def _weights_gone(members: Members, rng: random.Random) -> None:
    def delete(file: h5py.File, dataset: h5py.Dataset) -> None:
        del file[dataset.name]

    _edit_weights(members, rng, delete)


def _weights_sparse(members: Members, rng: random.Random) -> None:
    def declare(file: h5py.File, dataset: h5py.Dataset) -> None:
        name = dataset.name
        del file[name]
        file.create_dataset(name, shape=(2**20, 2**20), dtype="f8", chunks=(1024, 1024))

    _edit_weights(members, rng, declare)


def _bomb(members: Members, rng: random.Random) -> None:
    members[rng.choice([CONFIG, WEIGHTS])] = bytes(100 * 2**20)


def _edit_layer(members: Members, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit the layer `first`."""
    config = json.loads(members[CONFIG])
    edit(next(layer for layer in config["config"]["layers"] if layer["name"] == "first"))
    members[CONFIG] = json.dumps(config).encode()


def _edit_weights(
    members: Members, rng: random.Random, edit: Callable[[h5py.File, h5py.Dataset], object]
) -> None:
    """Edit one array of weights."""
    memory = io.BytesIO(members[WEIGHTS])
    with h5py.File(memory, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
        edit(file, file[rng.choice(names)])
    members[WEIGHTS] = memory.getvalue()


_OF_BYTES = {"cut_off": _cut_off, "bytes_flipped": _bytes_flipped, "something_else": _something_else}
_OF_MEMBERS = {
    "lambda_layer": _lambda_layer,
    "weights_not_finite": _weights_not_finite,
    "foreign_class": _foreign_class,
    "bomb": _bomb,
    "weights_gone": _weights_gone,
    "foreign_function": _foreign_function,
    "config_is_nonsense": _config_is_nonsense,
    "weights_cut": _weights_cut,
    "weights_sparse": _weights_sparse,
    "other_sizes": _other_sizes,
    "hdf5_flipped": _hdf5_flipped,
    "member_gone": _member_gone,
    "metadata_gone": _metadata_gone,
}
_WAYS = [*_OF_MEMBERS, *_OF_BYTES]
