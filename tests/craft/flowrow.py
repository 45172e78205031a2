"""One row of the engine's flow table, for tests of the kernels that change it."""

from __future__ import annotations

import numpy as np

from analyzer.capture import layout as at


class FlowRow:
    """Engine state, one flow row and its holes, as ``add`` leaves them for a new conversation."""

    def __init__(self) -> None:
        self.g = np.zeros(at.G_SIZE, dtype=np.int64)
        self.f = np.zeros((1, at.F_SIZE), dtype=np.int64)
        self.h = np.zeros((2, 2 * at.HOLES), dtype=np.int64)
        self.f[0, at.T_LAST] = self.f[0, at.T_REC1] = -1
        for side in range(2):
            d = at.D0 + side * at.DW
            for column in (at.D_NEXT, at.D_BASE, at.D_ACK, at.D_HTTP):
                self.f[0, d + column] = at.SEQ_NONE
            self.f[0, d + at.D_REC] = at.REC_OFF
            self.f[0, d + at.D_SLOT] = -1

    def __getitem__(self, column: int) -> int:
        return int(self.f[0, column])

    def __setitem__(self, column: int, value: int) -> None:
        self.f[0, column] = value

    def side(self, column: int, side: int = 0) -> int:
        """A column that exists once per wire side."""
        return int(self.f[0, at.D0 + side * at.DW + column])

    def set_side(self, column: int, value: int, side: int = 0) -> None:
        """Sets such a column."""
        self.f[0, at.D0 + side * at.DW + column] = value
