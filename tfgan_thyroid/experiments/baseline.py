"""Whether generated pairs helped one U-Net: the same training on the real scans alone, and the difference by patient.

One training of each cannot tell a gain from luck: another seed moves a Dice as far as pairs do. The interval says what
other patients would give, with these two trainings; `reproduce table2` has several seeds.
"""

import logging
from typing import Any, NamedTuple

from tfgan_thyroid.experiments.bootstrap import bootstrap_groups, group_scores
from tfgan_thyroid.experiments.significance import Interval
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import SegmentationExamples
from tfgan_thyroid.segmentation.fit import train_unet
from tfgan_thyroid.segmentation.scores import SegmentationScores, score

LOG = logging.getLogger(__name__)
METRICS = ("dice", "iou")


class Gain(NamedTuple):
    """What generated pairs changed."""

    steps: int  # updates of each U-Net
    baseline: SegmentationScores  # scores without generated pairs
    difference: dict[str, Interval]  # with minus without, by metric, with its 95 % interval over the patients
    patients: int  # groups of the test split

    def to_dict(self) -> dict[str, Any]:
        """For `baseline.json` and `--json`."""
        return {
            "steps": self.steps,
            "seeds": 1,
            "patients": self.patients,
            "baseline": {metric: self.baseline.image_mean()[metric] for metric in METRICS},
            "difference": {metric: interval._asdict() for metric, interval in self.difference.items()},
            "verdict": self.verdict(),
        }

    def verdict(self) -> str:
        """One line."""
        dice = self.difference["dice"]
        text = (
            f"Dice {self.baseline.image_mean()['dice'] + dice.mean:.4f} with generated pairs, "
            f"{self.baseline.image_mean()['dice']:.4f} without at the same {self.steps} steps"
        )
        if dice.sign is None:
            return f"{text}: {dice.mean:+.4f}, one seed, one test patient: no gain shown"
        gain = "a gain with this seed; reproduce table2 tells whether it is one with others"
        outcome = {1: gain, -1: "a loss with this seed", 0: "no gain shown"}[dice.sign]
        interval = f"95 % interval {dice.bounds('+.4f')} over {self.patients} patients"
        return f"{text}: {dice.mean:+.4f} ({interval}, one seed): {outcome}"


def measure_gain(
    config: SegmentationConfig,
    labelled: SegmentationExamples,
    in_epoch: int,
    test: SegmentationExamples,
    scores: SegmentationScores,
) -> Gain:
    """Trains the U-Net again on the labelled scans alone, from the same initial values, for as many steps."""
    LOG.info("baseline: %d steps on the %d labelled scans alone", config.epochs * in_epoch, len(labelled))
    model = train_unet(config, labelled, in_epoch=in_epoch)
    baseline = score(test, model.predict_masks(test.images))
    with_pairs, without = (both.group_means(*METRICS) for both in (scores, baseline))
    difference = {
        name: bootstrap_groups(group_scores(with_pairs, name), group_scores(without, name)) for name in METRICS
    }
    return Gain(config.epochs * in_epoch, baseline, difference, len(baseline.by_group()))
