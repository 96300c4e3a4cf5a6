"""Which kernel ranks."""

from __future__ import annotations

from importlib.util import find_spec

from hashbench.errors import ConfigError, UnknownNameError
from hashbench.ranking.kernels.plain import NumpyKernel

KERNELS = ("numba", "numpy", "torch")


def resolve_kernel(name: str = "auto", device: str = "cpu") -> NumpyKernel:
    """The kernel of that name; `auto` is torch on a GPU, else Numba where it is installed, else NumPy.

    Args:
        name: `auto`, `numba`, `numpy` or `torch`.
        device: Where the torch kernel works: `cpu`, `cuda` or `cuda:N`.

    Raises:
        UnknownNameError: There is no kernel of that name.
        ConfigError: Numba was asked for and is not installed.

    >>> resolve_kernel("numpy").name
    'numpy'
    """
    compiles = find_spec("numba") is not None
    if name == "auto":
        name = "torch" if device != "cpu" else "numba" if compiles else "numpy"
    if name == "numpy":
        return NumpyKernel()
    if name == "torch":
        from hashbench.ranking.kernels.on_torch import TorchKernel  # noqa: PLC0415 - torch loads slowly

        return TorchKernel(device)
    if name != "numba":
        raise UnknownNameError("ranking kernel", name, ("auto", *KERNELS))
    if not compiles:
        raise ConfigError("ranking kernel 'numba': Numba is not installed. Expected hashbench[fast].")
    from hashbench.ranking.kernels.compiled import NumbaKernel  # noqa: PLC0415 - it may be missing

    return NumbaKernel()
