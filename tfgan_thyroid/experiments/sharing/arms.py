"""What the recipient's U-Net may learn from: each arm is a function of a case to a lesson."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tfgan_thyroid.experiments.sharing.case import Case
from tfgan_thyroid.segmentation.examples import SegmentationExamples

FINE_TUNING_RATE = 0.1
"""Of the learning rate, for weights that know the task already."""


class Lesson(NamedTuple):
    """What one U-Net learns from."""

    labelled: SegmentationExamples | None  # scans with masks; None trains nothing
    synthetic: SegmentationExamples | None = None  # half of each batch beside them
    unlabelled: SegmentationExamples | None = None  # the same, by Mean Teacher
    start: list[np.ndarray] | None = None  # weights to start from; None draws them


class Arm(NamedTuple):
    """An arm of the experiment."""

    title: str  # in the table
    lesson: Callable[[Case], Lesson]  # from a case
    sent: bool  # whether something of the sender is in it
    alone: str = "no"  # whether it also exists, or only exists, without own labels: `no`, `also` or `only`
    shared: bool = True  # whether it can be done by two hospitals of which only one has many labels: all but a bound


def _beside(case: Case, synthetic: SegmentationExamples) -> Lesson:
    """Half of each batch own labels, where there are any."""
    return Lesson(case.own(), synthetic) if case.labels else Lesson(synthetic)


def _shifted_copies(case: Case) -> SegmentationExamples:
    """As many images as a generator makes, each an own scan moved by up to an eighth of the side."""
    own, count = case.own(), case.generated
    rng = np.random.default_rng([case.draw, 1])
    reach = own.images.shape[1] // 8
    moved = [
        np.pad(own.images[place], ((reach, reach), (reach, reach), (0, 0)), mode="reflect")[y:, x:][
            : own.images.shape[1], : own.images.shape[2]
        ]
        for place, y, x in zip(
            rng.integers(len(own), size=count), *rng.integers(2 * reach + 1, size=(2, count)), strict=True
        )
    ]
    return case.labelled_by_own(np.stack(moved))


ARMS: dict[str, Arm] = {
    "A": Arm("own labels", lambda c: Lesson(c.own()), False),
    "P": Arm("A + shifted copies, labelled by A (placebo)", lambda c: _beside(c, _shifted_copies(c)), False),
    "B": Arm(
        "A + own unlabelled scans, labelled by A", lambda c: _beside(c, c.labelled_by_own(c.unlabelled().images)), False
    ),
    "mean-teacher": Arm(
        "A + own unlabelled scans, Mean Teacher", lambda c: Lesson(c.own(), unlabelled=c.unlabelled()), False
    ),
    "C": Arm(
        "A + images of a generator of own scans, labelled by A",
        lambda c: _beside(c, c.labelled_by_own(c.own_generated())),
        False,
    ),
    "S": Arm(
        "generated images of the sender, labelled by the sender's U-Nets",
        lambda c: _beside(c, c.sent_images()),
        True,
        "also",
    ),
    "S-pairs": Arm("generated pairs of the sender", lambda c: _beside(c, c.sent_pairs()), True, "also"),
    "M": Arm("the sender's U-Net as it is", lambda c: Lesson(None, start=c.sent_weights()), True, "only"),
    "M-tuned": Arm(
        "the sender's U-Net, trained on with own labels", lambda c: Lesson(c.own(), start=c.sent_weights()), True
    ),
    "M-labels": Arm(
        "own unlabelled scans, labelled by the sender's U-Nets",
        lambda c: _beside(c, c.labelled_by_sender(c.unlabelled().images)),
        True,
        "also",
    ),
    "F": Arm("all of the recipient's scans labelled (bound)", lambda c: Lesson(c.every()), False, "only", False),
}
