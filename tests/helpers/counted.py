"""Operators that count how often they are applied."""

import numpy as np

from jaxseis.operators.host import HostOperator


class Counter:
    """A matrix as an operator on the host, and the number of its applications and of those of its adjoint."""

    def __init__(self, matrix):
        self.matrix, self.forward, self.adjoint = np.asarray(matrix), 0, 0
        rows, columns = self.matrix.shape
        self.operator = HostOperator(
            self._mv, self._rmv, np.zeros(columns, self.matrix.dtype), np.zeros(rows, self.matrix.dtype)
        )

    @property
    def total(self):
        return self.forward + self.adjoint

    def _mv(self, x):
        self.forward += 1
        return self.matrix @ x

    def _rmv(self, y):
        self.adjoint += 1
        return self.matrix.conj().T @ y
