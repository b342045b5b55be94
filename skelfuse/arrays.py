"""The arrays that findings are told in, and tensors as such arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def array_of(tensor: Tensor) -> Array:
    """Return a tensor, wherever it was computed, in double precision."""
    return np.asarray(tensor.detach().cpu().double().numpy())
