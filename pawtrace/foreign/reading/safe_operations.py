"""The operations of TensorFlow that a SavedModel may hold: those that compute with tensors and variables.

An operation that is not named here is refused, also one of a library of somebody's own: it could read or
write files, open connections, or run Python.
"""

from collections.abc import Iterable

_CONTROL = """
    Assert Case Const Enter Exit Identity IdentityN If LoopCond Merge NextIteration NoOp PartitionedCall
    Placeholder PlaceholderWithDefault PreventGradient StatefulPartitionedCall StatelessCase StatelessIf
    StatelessWhile StopGradient Switch While
"""
_VARIABLES = """
    AssignAddVariableOp AssignSubVariableOp AssignVariableOp DestroyResourceOp DisableCopyOnRead
    ReadVariableOp ResourceGather ResourceGatherNd VarHandleOp VarIsInitializedOp VariableShape
"""
_SHAPES = """
    BatchToSpaceND BroadcastArgs BroadcastTo Concat ConcatV2 DepthToSpace DynamicStitch EnsureShape ExpandDims
    Fill Gather GatherNd GatherV2 InvertPermutation MirrorPad OneHot OnesLike Pack Pad PadV2 Range Rank
    Reshape Reverse ReverseV2 ScatterNd Shape ShapeN Size Slice SpaceToBatchND SpaceToDepth Split SplitV
    Squeeze StridedSlice TensorListElementShape TensorListFromTensor TensorListGetItem TensorListLength
    TensorListReserve TensorListSetItem TensorListStack TensorScatterUpdate Tile Transpose Unpack Where
    ZerosLike
"""
_ARITHMETIC = """
    Abs Add AddN AddV2 All Any ArgMax ArgMin BatchMatMul BatchMatMulV2 BatchMatMulV3 Bitcast BitwiseAnd
    BitwiseOr BitwiseXor Cast Ceil ClipByValue Cos Cosh Cross Cumprod Cumsum Div DivNoNan Einsum Equal Erf
    Erfc Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual IsFinite IsInf IsNan LeftShift Less LessEqual
    LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr MatMul MatrixBandPart MatrixDiag MatrixDiagV3 Max
    Maximum Mean Min Minimum Mod Mul MulNoNan Neg NotEqual Pow Prod RealDiv Reciprocal RightShift Rint Round
    Rsqrt Select SelectV2 Sigmoid Sign Sin Sinh SparseToDense Sqrt Square SquaredDifference Sub Sum Tan Tanh
    TopK TopKV2 TruncateDiv TruncateMod UnsortedSegmentSum Xdivy Xlogy
"""
_LAYERS = """
    AvgPool AvgPool3D BiasAdd BiasAddV1 Conv2D Conv2DBackpropInput Conv3D Conv3DBackpropInputV2
    DepthwiseConv2dNative Dilation2D Elu FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 L2Loss LRN LeakyRelu
    LogSoftmax MaxPool MaxPool3D MaxPoolV2 Relu Relu6 Selu Softmax Softplus Softsign
    _FusedBatchNormEx _FusedConv2D _FusedMatMul
"""
_PICTURES = """
    AdjustContrastv2 AdjustHue AdjustSaturation CropAndResize HSVToRGB ImageProjectiveTransformV2
    ImageProjectiveTransformV3 RGBToHSV ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
    ScaleAndTranslate
"""
_RANDOM = """
    Bernoulli Multinomial RandomStandardNormal RandomUniform RandomUniformInt RngReadAndSkip RngSkip
    StatelessMultinomial StatelessRandomBinomial StatelessRandomGetAlg StatelessRandomGetKeyCounter
    StatelessRandomGetKeyCounterAlg StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomUniform
    StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2 StatelessRandomUniformInt
    StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessShuffle StatelessTruncatedNormal
    StatelessTruncatedNormalV2 TruncatedNormal
"""
# Every SavedModel holds functions that save and restore it; they are never called here.
_SAVING = """
    MergeV2Checkpoints RestoreV2 SaveV2 ShardedFilename StaticRegexFullMatch StringJoin
"""
COMPUTES = frozenset(
    " ".join([_CONTROL, _VARIABLES, _SHAPES, _ARITHMETIC, _LAYERS, _PICTURES, _RANDOM]).split()
)
SAVES = frozenset(_SAVING.split())


def unsafe_operation(used: Iterable[str], others: Iterable[str]) -> str | None:
    """The first operation that is not allowed; None where all are.

    Args:
      used: the operations that answering a picture takes.
      others: all others in the file; those that save and restore it may be among them.
    """
    found = sorted(set(used) - COMPUTES) or sorted(set(others) - COMPUTES - SAVES)
    return found[0] if found else None
