"""Environment variables by which somebody chooses instructions, kernels, precision or threads."""

import os

SETTINGS = (
    "CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "DNNL_DEFAULT_FPMATH_MODE", "DNNL_MAX_CPU_ISA",
    "GLIBC_TUNABLES", "JAX_DEFAULT_MATMUL_PRECISION", "JAX_ENABLE_X64", "MKL_CBWR", "MKL_NUM_THREADS",
    "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS",
    "ONEDNN_DEFAULT_FPMATH_MODE", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS",
    "OPENCV_CPU_DISABLE", "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS",
    "TF_XLA_FLAGS", "XLA_FLAGS",
)  # fmt: skip


def settings() -> dict[str, str]:
    """Those that are set: name -> value."""
    return {name: os.environ[name] for name in SETTINGS if name in os.environ}
