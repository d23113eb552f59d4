"""Read the graph in a saved_model.pb as data: the part from a picture to the output, and every operation."""

import itertools
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pawtrace.foreign.reading.safe_operations import unsafe_operation

_SIGNATURE = "serving_default"
_START = "__saved_model_init_op"
_VARIABLE = "VarHandleOp"


class GraphInput(NamedTuple):
    """The pictures that go in."""

    name: str  # of the tensor
    shape: tuple[int | None, ...]
    dtype: str


class SavedGraph(NamedTuple):
    """The part of a SavedModel from its pictures to its answers."""

    definition: Any  # a GraphDef with the functions that it calls
    input: GraphInput
    output: str  # the tensor
    variables: dict[str, int]  # the node of each variable -> its place among the saved objects
    objects: Any  # the saved objects, as a tree: a SavedObjectGraph
    unsafe: str | None  # an operation anywhere in the file that may do more than compute

    def checkpoint_keys(self, described: bytes) -> dict[str, str]:
        """Under which key the checkpoint holds each variable, by the name of the variable's node.

        Args:
          described: the checkpoint's own tree of objects. It has the names of the SavedModel's tree.
        """
        from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

        keys = _keys(self.objects.nodes, TrackableObjectGraph.FromString(described).nodes)
        return {node: keys[place] for node, place in self.variables.items()}


def graph_of(content: bytes) -> SavedGraph:
    """Read the content of a saved_model.pb.

    Raises:
      ValueError: there is no function from one tensor of pictures to one tensor of answers in it.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graphs = SavedModel.FromString(content).meta_graphs
    if not graphs:
        raise ValueError("no graph")
    whole = next((each for each in graphs if "serve" in each.meta_info_def.tags), graphs[0])
    source, target = _signature(whole.signature_def)
    nodes = _needed(whole.graph_def.node, target.name)
    definition = _definition(whole.graph_def, nodes)
    everything = itertools.chain(*(_operations(each.graph_def) for each in graphs))
    return SavedGraph(
        definition,
        _input(source),
        target.name,
        _variables(nodes, whole.object_graph_def),
        whole.object_graph_def,
        unsafe_operation(_operations(definition), everything),
    )


def _operations(graph: Any) -> Iterator[str]:
    """The operations of a GraphDef and of its functions."""
    bodies = (function.node_def for function in graph.library.function)
    return (node.op for node in itertools.chain(graph.node, *bodies))


def _keys(ours: Any, theirs: Any) -> dict[int, str]:
    """The checkpoint's key for each object of ours: the one of the same path from the root of its tree."""
    keys: dict[int, str] = {}
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        own, other = waiting.pop()
        for attribute in theirs[other].attributes:
            keys[own] = attribute.checkpoint_key
        children = {child.local_name: child.node_id for child in theirs[other].children}
        known = [child for child in ours[own].children if child.local_name in children]
        new = {(child.node_id, children[child.local_name]) for child in known} - seen
        waiting += new
        seen |= new
    return keys


def _signature(signatures: Any) -> tuple[Any, Any]:
    """What goes into the function that answers pictures, and what comes out."""
    names = sorted(name for name in signatures if name != _START)
    name = _SIGNATURE if _SIGNATURE in names else names[0] if len(names) == 1 else None
    if name is None:
        raise ValueError(f"expected the signature {_SIGNATURE}, found {', '.join(names) or 'none'}")
    inputs, outputs = signatures[name].inputs, signatures[name].outputs
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(f"expected one input and one output, found {len(inputs)} and {len(outputs)}")
    return next(iter(inputs.values())), next(iter(outputs.values()))


def _input(tensor: Any) -> GraphInput:
    import tensorflow as tf

    if tensor.tensor_shape.unknown_rank:
        raise ValueError("expected pictures as input, found a tensor of any shape")
    shape = tuple(None if dim.size < 0 else int(dim.size) for dim in tensor.tensor_shape.dim)
    return GraphInput(tensor.name, shape, tf.as_dtype(tensor.dtype).name)


def _needed(nodes: Iterable[Any], target: str) -> list[Any]:
    """The nodes that a tensor depends on."""
    by_name = {node.name: node for node in nodes}
    found: dict[str, Any] = {}
    waiting = [target]
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]
        if name not in found:
            found[name] = by_name[name]
            waiting += by_name[name].input
    return list(found.values())


def _called(nodes: Iterable[Any], library: Iterable[Any]) -> list[Any]:
    """The functions that nodes call, and those that these call."""
    by_name = {function.signature.name: function for function in library}
    found: dict[str, Any] = {}
    waiting = [call.name for node in nodes for call in _calls(node)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = by_name[name]
            waiting += [call.name for node in by_name[name].node_def for call in _calls(node)]
    return list(found.values())


def _calls(node: Any) -> Iterator[Any]:
    """The attributes of a node that name a function."""
    for value in node.attr.values():
        yield from (called for called in (value.func, *value.list.func) if called.name)


def _definition(graph: Any, nodes: list[Any]) -> Any:
    """A GraphDef of these nodes alone; its functions get names that no other SavedModel in memory has."""
    unique = uuid.uuid4().hex
    definition = type(graph)(versions=graph.versions)
    definition.node.extend(nodes)
    definition.library.function.extend(_called(nodes, graph.library.function))
    for function in definition.library.function:
        function.signature.name += unique
    bodies = (function.node_def for function in definition.library.function)
    for node in itertools.chain(definition.node, *bodies):
        for called in _calls(node):
            called.name += unique
    return definition


def _variables(nodes: list[Any], objects: Any) -> dict[str, int]:
    """The nodes of variables, and the saved object that each of them is: the caller binds them in order."""
    kinds = {node.name: node.op for node in nodes}
    places: dict[str, int] = {}
    for node in nodes:
        for call in _calls(node):
            known = objects.concrete_functions
            bound = known[call.name].bound_inputs if call.name in known else []
            given = list(node.input)[len(node.input) - len(bound) :]
            places |= dict(zip(given, bound, strict=True))
    variables = {name: place for name, place in places.items() if kinds.get(name) == _VARIABLE}
    missing = [name for name, kind in kinds.items() if kind == _VARIABLE and name not in variables]
    if missing:
        raise ValueError(f"no object for the variable {missing[0]}")
    return variables
