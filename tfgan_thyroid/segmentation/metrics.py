"""Overlap of a predicted mask with the reference: Dice, IoU, precision and recall from four counts.

All are of the foreground. Direction and range: higher is better, in [0, 1]. Where both masks are empty the prediction
is right, and all four are 1. Where only one of them is, nothing overlaps, and all four are 0: precision without a
predicted pixel and recall without a reference pixel are 0 by this policy, not undefined.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Confusion(NamedTuple):
    """Pixels by what they are and what they were taken for."""

    true_positives: int  # foreground in both
    false_positives: int  # foreground in the prediction alone
    false_negatives: int  # foreground in the reference alone
    true_negatives: int  # background in both

    @property
    def dice(self) -> float:
        """`2 TP / (2 TP + FP + FN)`, the F1 score."""
        return self._share(2 * self.true_positives, self.false_positives + self.false_negatives)

    @property
    def iou(self) -> float:
        """`TP / (TP + FP + FN)`, intersection over union, `dice / (2 - dice)`."""
        return self._share(self.true_positives, self.false_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        """`TP / (TP + FP)`, the share of the prediction that is right."""
        return self._share(self.true_positives, self.false_positives)

    @property
    def recall(self) -> float:
        """`TP / (TP + FN)`, the share of the reference that is found."""
        return self._share(self.true_positives, self.false_negatives)

    @property
    def background(self) -> "Confusion":
        """The same pixels with foreground and background exchanged."""
        tp, fp, fn, tn = self
        return Confusion(tn, fn, fp, tp)

    def _share(self, right: int, wrong: int) -> float:
        if right + wrong:
            return right / (right + wrong)
        return 0.0 if self.false_positives or self.false_negatives else 1.0


def confusion(reference: np.ndarray, predicted: np.ndarray) -> Confusion:
    """Counts the pixels of two masks."""
    if reference.shape != predicted.shape:
        raise ValueError(f"masks differ in shape: reference {reference.shape}, predicted {predicted.shape}")
    reference, predicted = reference.astype(bool), predicted.astype(bool)
    both = int(np.count_nonzero(reference & predicted))
    false_positives = int(np.count_nonzero(predicted)) - both
    false_negatives = int(np.count_nonzero(reference)) - both
    return Confusion(both, false_positives, false_negatives, reference.size - both - false_positives - false_negatives)


def pool(confusions: Iterable[Confusion]) -> Confusion:
    """The counts of all images together, from which pooled scores come: large structures weigh more than small ones."""
    totals = np.sum(np.array(list(confusions), np.int64).reshape(-1, 4), axis=0)
    return Confusion(*(int(total) for total in totals))
