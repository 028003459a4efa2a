"""The memorisation audit: does a generator repeat the scans that it was trained on?

Each generated image is held against the training scans, and so are real scans that the generator has never seen. What
it may do, they do: lie as near to a training scan as one patient's neck lies to another's. A copy lies nearer.
"""

from collections.abc import Callable

import numpy as np

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.audit.result import AuditResult, AuditThresholds, SpaceAudit, broken_thresholds
from tfgan_thyroid.metrics.membership import FEWEST_PATIENTS, Membership, membership_attack
from tfgan_thyroid.metrics.memorization import authenticity, closer_fraction, nearest_features
from tfgan_thyroid.metrics.nearest_scans import Matches, moved_to_match, nearest_scans

SMALLEST_SET = 4

Extractor = Callable[[np.ndarray], np.ndarray]
Progress = Callable[[int, int], None]
Excluded = Callable[[np.ndarray], np.ndarray] | None


def audit(
    training: np.ndarray,
    held_out: np.ndarray | None,
    generated: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    held_out_groups: np.ndarray | None = None,
    features: tuple[str, Extractor] | None = None,
    thresholds: AuditThresholds | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Holds generated images, and real scans that the generator has not seen, against its training scans.

    Args:
        training: uint8 `[M, H, W, C]`, what the generator was trained on.
        held_out: uint8 `[K, H, W, C]`, real scans of other patients. Where there are none (None) or fewer than four,
            each training scan is compared with those of all other groups, which is what a held-out scan would see.
        generated: uint8 `[N, H, W, C]`.
        groups: int `[M]`, which training scans are of one patient; by default each is its own.
        held_out_groups: int `[K]`, likewise of the held-out scans, whose patients are others than those of `training`.
        features: a space to compare in beside pixels: its name, and uint8 images to float `[N, F]`.
        thresholds: what the generator must keep to.
        progress: called with (images compared, images in all).

    Raises:
        UserError: too few images, or sizes that differ.
    """
    thresholds = thresholds or AuditThresholds()
    comparison = _Comparison(training, held_out, generated, groups, thresholds, progress)
    spaces = [comparison.in_pixels()]
    if features is not None:
        spaces.append(comparison.in_features(*features))
    largest_closer = max(thresholds.most_closer, 1.0 - 0.01 ** (1.0 / len(comparison.held_out.distance)))
    membership = comparison.membership(held_out_groups)
    broken = broken_thresholds(spaces, thresholds, largest_closer, membership)
    passed = "no copy was found, and generated images lie no nearer to the training scans than unseen scans do"
    counts = {"training": len(training), "held_out": len(comparison.held_out.distance), "generated": len(generated)}
    return AuditResult(
        not broken,
        broken or [passed],
        comparison.notes,
        thresholds,
        counts,
        comparison.rule,
        largest_closer,
        spaces,
        membership,
        comparison.generated,
        comparison.held_out,
    )


class _Comparison:
    """The matches that both spaces need, and who counts as held out."""

    def __init__(
        self,
        training: np.ndarray,
        held_out: np.ndarray | None,
        generated: np.ndarray,
        groups: np.ndarray | None,
        thresholds: AuditThresholds,
        progress: Progress | None,
    ) -> None:
        _check(training, held_out, generated)
        self.rule = _rule(held_out)
        if held_out is not None and len(held_out) < SMALLEST_SET:
            held_out = None
        self.training_images, self.held_out_images, self.generated_images = training, held_out, generated
        self.groups = np.arange(len(training)) if groups is None else np.asarray(groups)
        if held_out is None and len(np.unique(self.groups)) < SMALLEST_SET:
            raise UserError(
                f"the audit needs held-out scans, or training scans of at least {SMALLEST_SET} groups to leave out"
            )
        self.thresholds = thresholds
        total = len(generated) + len(training) + len(training if held_out is None else held_out)
        done = iter(range(1, total + 1))
        step = (lambda n: progress(next(done), total)) if progress else None
        scans, grouping = training, self.groups
        self.generated = nearest_scans(generated, scans, grouping, None, step)
        self.spacing = nearest_scans(scans, scans, grouping, self._itself, step)
        if held_out is None:
            found = nearest_scans(scans, scans, grouping, self._own_group, step)
        else:
            found = nearest_scans(held_out, scans, grouping, None, step)
        self.unseen = found
        self.kept = found.distance > thresholds.copy_grey_levels
        self.notes = self._notes()
        if self.kept.sum() < SMALLEST_SET:
            raise UserError("the audit has nothing to compare with: nearly every held-out scan is a training scan too")
        self.held_out = _rows(found, self.kept)

    def _itself(self, rows: np.ndarray) -> np.ndarray:
        return rows[:, None] == np.arange(len(self.groups))

    def _own_group(self, rows: np.ndarray) -> np.ndarray:
        return self.groups[rows][:, None] == self.groups

    def _notes(self) -> list[str]:
        notes = []
        repeated = int((~self.kept).sum())
        if repeated:
            notes.append(f"{repeated} held-out scans repeat a training scan of another group and were left out")
        twins = int((self.spacing.distance <= self.thresholds.copy_grey_levels).sum())
        if twins:
            notes.append(f"{twins} training scans have a copy among the training scans")
        return notes

    def membership(self, held_out_groups: np.ndarray | None) -> Membership | None:
        """The membership attack on the training patients; notes the result, or why there is none.

        Where it is not known whose the unseen scans are, the reference may hold other frames of the same patient, and
        every unseen scan would look like one.
        """
        unseen, result = self.held_out_images, None
        why = f"it needs at least {FEWEST_PATIENTS} training patients and as many unseen ones"
        if unseen is not None and held_out_groups is None:
            why = "it is not known whose the unseen scans are"
        elif unseen is not None:
            groups = np.asarray(held_out_groups)[self.kept]
            result = membership_attack(
                self.training_images, self.groups, unseen[self.kept], groups, self.generated_images
            )
        self.notes.append(result.words if result else f"no membership attack was made: {why}")
        return result

    def in_pixels(self) -> SpaceAudit:
        copies = int((self.generated.distance <= self.thresholds.copy_grey_levels).sum())
        matches = (self.generated, self.held_out, self.spacing)
        return self._space("pixels, mirrored and shifted by up to 4 % of the side", "grey levels", matches, copies)

    def in_features(self, name: str, extract: Extractor) -> SpaceAudit:
        generated, scans, unseen_scans = self.generated_images, self.training_images, self.held_out_images
        both, excluded = _both_ways(extract, scans), None
        if unseen_scans is None:
            unseen_scans, unseen_both, excluded = scans, both, self._own_group
        else:
            unseen_both = _both_ways(extract, unseen_scans)

        def nearest(ways: list[np.ndarray], images: np.ndarray, matches: Matches, excluded: Excluded) -> Matches:
            placements = [*ways, extract(_moved(images, matches))]
            return nearest_features(placements, both[0], self.groups, excluded)

        found = nearest(_both_ways(extract, generated), generated, self.generated, None)
        spacing = nearest(both, scans, self.spacing, self._itself)
        unseen = nearest(unseen_both, unseen_scans, self.unseen, excluded)
        space = f"{name}, mirrored, and shifted as in pixels"
        return self._space(space, "", (found, _rows(unseen, self.kept), spacing), None)

    def _space(
        self, space: str, unit: str, matches: tuple[Matches, Matches, Matches], copies: int | None
    ) -> SpaceAudit:
        generated, held_out, spacing = matches
        percentile = self.thresholds.percentile
        relative = float(np.percentile(held_out.relative, percentile))
        return SpaceAudit(
            space,
            unit,
            float(authenticity(generated, spacing.distance).mean()),
            float(authenticity(held_out, spacing.distance).mean()),
            closer_fraction(generated.distance, held_out.distance, percentile),
            closer_fraction(generated.relative, held_out.relative, percentile),
            float(np.percentile(held_out.distance, percentile)),
            relative,
            float(np.median(generated.distance)),
            float(np.median(held_out.distance)),
            copies,
            int((generated.relative < self.thresholds.near_copy_factor * relative).sum()),
        )


def _rule(held_out: np.ndarray | None) -> str:
    """What the unseen scans are, in words."""
    if held_out is not None and len(held_out) >= SMALLEST_SET:
        return "scans of other splits, which the generator has not seen"
    why = "no scan was held out" if held_out is None else f"only {len(held_out)} scans were held out"
    return f"leave-one-out: each training scan against those of all other groups; {why}"


def _check(training: np.ndarray, held_out: np.ndarray | None, generated: np.ndarray) -> None:
    for name, images in (("training", training), ("held-out", held_out), ("generated", generated)):
        if images is None:
            continue
        if len(images) < SMALLEST_SET and name != "held-out":
            raise UserError(f"the audit needs at least {SMALLEST_SET} {name} images: got {len(images)}")
        if images.shape[1:] != training.shape[1:]:
            wanted, got = ("x".join(map(str, shape[1:])) for shape in (training.shape, images.shape))
            raise UserError(
                f"the {name} images are of {got} and the training scans of {wanted}: bring them to one size"
            )


def _both_ways(extract: Extractor, images: np.ndarray) -> list[np.ndarray]:
    """Features of images and of their mirror images."""
    return [extract(images), extract(images[:, :, ::-1])]


def _moved(images: np.ndarray, matches: Matches) -> np.ndarray:
    """Each image where its nearest scan in pixels lies."""
    return np.stack([moved_to_match(*each) for each in zip(images, matches.flipped, matches.shift, strict=True)])


def _rows(matches: Matches, kept: np.ndarray) -> Matches:
    return Matches(*(column[kept] for column in matches))
