"""Array types that the packet path passes around."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Ints: TypeAlias = NDArray[np.int64]

if TYPE_CHECKING:

    def int64(value: Any) -> int:
        """What kernels widen to: numpy.int64 when compiled, an int to the type checker."""

else:
    int64 = np.int64
