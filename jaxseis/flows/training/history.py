"""How a training went."""

from typing import NamedTuple

import numpy as np


class History(NamedTuple):
    """Losses: of the batch of every step, before it, and validated after so many ``steps``; all in nats a sample."""

    train: np.ndarray
    validation: np.ndarray
    steps: np.ndarray

    def trained(self, losses: list[float]) -> "History":
        """With the losses of more steps."""
        return self._replace(train=np.append(self.train, losses))

    def validated(self, loss: float) -> "History":
        """With that of a validation after them."""
        return History(self.train, np.append(self.validation, loss), np.append(self.steps, len(self.train)))


EMPTY = History(np.zeros(0), np.zeros(0), np.zeros(0, int))
