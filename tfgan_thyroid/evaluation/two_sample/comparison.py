"""The two-sample test in its full and its short form."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tfgan_thyroid import needed_scans
from tfgan_thyroid.evaluation.two_sample.classifier import ScanClassifier
from tfgan_thyroid.evaluation.two_sample.result import ScaleResult, TwoSample
from tfgan_thyroid.metrics import two_sample as numbers
from tfgan_thyroid.metrics.spacing import relative_spacing

FOLDS = 3
SEEDS_APART = 1000  # between the networks of repeats and halvings
HALVINGS = 5
MOST_SCANS = 600
FULL_COST_SIZE = 64  # above, fewer scans, so that the time grows with the side and not with its square
SHORT_SCANS = 150
FIRST_SCALE_SECONDS = 15.0  # of the short form's coarsest scale, on two busy cores
FINER_COSTS = 4.0  # times the pixels

Progress = Callable[[int, int], None]


class Images(NamedTuple):
    """Images, and whose they are."""

    images: np.ndarray  # uint8 `[N, S, S, C]`; the first channel counts
    groups: np.ndarray | None = None  # int `[N]`, the patients; None where each image is one of its own

    @property
    def patients(self) -> np.ndarray:
        """As `groups`, never None."""
        return np.arange(len(self.images)) if self.groups is None else np.asarray(self.groups)

    def some(self, rows: np.ndarray) -> "Images":
        """Those rows."""
        return Images(self.images[rows], self.patients[rows])


def full_test(
    scans: Images, generated: np.ndarray, unseen: Images | None = None, seed: int = 0, progress: Progress | None = None
) -> TwoSample:
    """Scans against generated images at every scale, beside real halves against each other.

    Args:
        scans: those that the generator was trained on.
        generated: uint8 `[M, S, S, C]`.
        unseen: scans that it was not trained on; left out where they are too few to judge by.
        seed: of folds, networks and intervals.
        progress: called with (trainings done, trainings in all).
    """
    sizes = numbers.scales(scans.images.shape[1])
    if unseen is not None and too_few(unseen, generated):
        unseen = None
    comparisons = 3 if unseen else 1
    step = _Steps(FOLDS * sum(comparisons * _repeats(size) + HALVINGS for size in sizes), progress)
    training, as_many, beside = [], [], []
    for size in sizes:
        classifier = ScanClassifier(size)
        limit = _most_scans(size)
        found = scale_test(classifier, scans, generated, limit, seed, step)
        real_n, aucs = _real_halvings(classifier, scans, limit // 6, seed, step)
        training.append(found._replace(real_n=real_n, real_aucs=aucs))
        if unseen is not None:
            fewer = min(limit, len(unseen.images), len(scans.images))
            as_many.append(scale_test(classifier, scans, generated, fewer, seed, step))
            beside.append(scale_test(classifier, unseen, generated, fewer, seed, step))
    return _result("full", seed, scans, generated, training, as_many, beside)


def short_test(scans: Images, generated: np.ndarray, seconds: float, seed: int = 0) -> TwoSample | None:
    """The coarsest scales only, as many as fit into some time; None where not one does.

    Args:
        scans: those that the generator was trained on.
        generated: uint8 `[M, S, S, C]`.
        seconds: that it may take.
        seed: as in `full_test`; with it, what is found at a scale does not depend on the time.
    """
    start, expected, training = time.monotonic(), FIRST_SCALE_SECONDS, []
    for size in numbers.scales(scans.images.shape[1]):
        before = time.monotonic()
        if before - start + expected > seconds:
            break
        training.append(scale_test(ScanClassifier(size), scans, generated, SHORT_SCANS, seed))
        expected = FINER_COSTS * (time.monotonic() - before)
    return _result("short", seed, scans, generated, training, [], []) if training else None


def too_few(scans: Images, generated: np.ndarray) -> str | None:
    """Why there can be no verdict on these images; None where there can."""
    return needed_scans.too_few_to_judge(len(scans.images), len(np.unique(scans.patients)), len(generated))


def _most_scans(size: int) -> int:
    return min(MOST_SCANS, MOST_SCANS * FULL_COST_SIZE // size)


def _result(
    form: str, seed: int, scans: Images, generated: np.ndarray, training: list, as_many: list, unseen: list
) -> TwoSample:
    n = min(len(scans.images), len(generated), MOST_SCANS)
    size = training[0].size
    flat = [
        numbers.averaged_down(each[_rows(len(each), n, seed + which)], size).reshape(n, -1)
        for which, each in enumerate((scans.images, generated))
    ]
    spacing = relative_spacing(flat[0], flat[1])
    return TwoSample(form, seed, len(np.unique(scans.patients)), training, as_many, unseen, spacing)


def _rows(count: int, n: int, seed: int) -> np.ndarray:
    """`n` of `count` at random."""
    return np.random.default_rng(seed).permutation(count)[:n]


def _repeats(size: int) -> int:
    """How many classifiers' AUCs are averaged: chance moves one by .03 at 150 scans, and small images cost little."""
    return {16: 4, 32: 2}.get(size, 1)


def scale_test(
    classifier: ScanClassifier,
    scans: Images,
    generated: np.ndarray,
    limit: int = MOST_SCANS,
    seed: int = 0,
    step: "_Steps | None" = None,
) -> ScaleResult:
    """Scans against generated images at the classifier's scale."""
    n = min(limit, len(scans.images), len(generated))
    chosen, others = scans.some(_rows(len(scans.images), n, seed)), generated[_rows(len(generated), n, seed + 1)]
    folds = numbers.patient_folds(chosen.patients, FOLDS, np.random.default_rng(seed))
    won, bits = [], []
    for repeat in range(_repeats(classifier.image_size)):
        network_seed = seed + SEEDS_APART * repeat
        real, fake = _held_out_scores(
            classifier, chosen.images, folds, others, np.arange(n) % FOLDS, network_seed, step
        )
        won.append(numbers.wins(real, fake))
        bits.append(numbers.information_bits(real, fake))
    mean_won = np.mean(won, axis=0)
    low, high = numbers.auc_interval(mean_won, chosen.patients, np.random.default_rng(seed))
    return ScaleResult(classifier.image_size, n, float(mean_won.mean()), low, high, float(np.mean(bits)))


def _real_halvings(
    classifier: ScanClassifier, scans: Images, limit: int, seed: int, step: "_Steps"
) -> tuple[int, tuple[float, ...]]:
    """Scans of one half of the patients against those of the other: the scans in a half, and the AUCs.

    Both halves are dealt to the folds by patient: a classifier that has seen a patient's other frame knows the half.
    """
    aucs, sizes = [], []
    for halving in range(HALVINGS):
        rng = np.random.default_rng([seed, 2, halving])
        halves = numbers.patient_folds(scans.patients, 2, rng)
        first, second = (scans.some(rng.permutation(np.flatnonzero(halves == half))[:limit]) for half in (0, 1))
        folds = [numbers.patient_folds(half.patients, FOLDS, rng) for half in (first, second)]
        real, other = _held_out_scores(
            classifier, first.images, folds[0], second.images, folds[1], seed + SEEDS_APART * (10 + halving), step
        )
        aucs.append(numbers.area_under_curve(real, other))
        sizes.append(min(len(real), len(other)))
    return min(sizes), tuple(aucs)


def _held_out_scores(
    classifier: ScanClassifier,
    scans: np.ndarray,
    scan_folds: np.ndarray,
    others: np.ndarray,
    other_folds: np.ndarray,
    seed: int,
    step: "_Steps | None",
) -> Sequence[np.ndarray]:
    """Each image's score by the network that was trained on the other folds."""
    scans, others = (numbers.averaged_down(images, classifier.image_size) for images in (scans, others))
    scores = np.zeros(len(scans)), np.zeros(len(others))
    for fold in range(FOLDS):
        held_out = scan_folds == fold, other_folds == fold
        classifier.fit(scans[~held_out[0]], others[~held_out[1]], seed * FOLDS + fold)
        found = [classifier.scores(each[rows]) for each, rows in zip((scans, others), held_out, strict=True)]
        for part, rows, values in zip(scores, held_out, numbers.standardized(found), strict=True):
            part[rows] = values
        if step is not None:
            step.take()
    return scores


class _Steps:
    """Counts trainings."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def take(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)
