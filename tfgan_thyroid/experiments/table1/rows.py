"""The rows of Table I: the systems that the paper names, and those that go beyond it. Imports no TensorFlow."""

from dataclasses import dataclass, field
from typing import Any

from tfgan_thyroid.presets import TEXTURE, TUNED

METRICS = ("mmd", "1nn", "ms-ssim")


@dataclass(frozen=True)
class Table1Row:
    """A system: how to train it and which of its generator's weights to judge."""

    name: str  # for `--rows` and files
    title: str  # in the table
    training: str  # name of the training; rows that differ in the judged weights alone share it
    # Fields of `Config` that differ from the preset.
    overrides: dict[str, Any] = field(default_factory=dict, hash=False)
    weights: str = "raw"  # `raw` as trained, or `average`, their exponential moving average
    cost: float = 1.0  # of an iteration, relative to the paper's model, for the estimated time of arrival
    # MMD, 1-NN and MS-SSIM that the paper reports (its Table I), or None where it does not.
    paper: tuple[float, float, float] | None = None


def _baseline(model: str, title: str, cost: float, paper: tuple[float, float, float] | None = None) -> Table1Row:
    return Table1Row(model, title, model, {"model": model}, "raw", cost, paper)


ROWS = (
    _baseline("gan", "GAN", 0.2),
    _baseline("vae", "VAE", 0.15),
    _baseline("alpha-gan", "alpha-GAN", 0.5),
    _baseline("wgan-gp", "WGAN-GP", 0.4, (0.1199, 0.6322, 0.3713)),
    _baseline("alpha-wgan-gp-original", "alpha-WGAN-GP", 0.8, (0.1600, 0.9746, 0.3000)),
    _baseline("alpha-wgan-gp", "improved alpha-WGAN-GP (proposed)", 1.0, (0.1090, 0.6123, 0.3445)),
    Table1Row("alpha-wgan-gp-average", "proposed, averaged weights", "alpha-wgan-gp", {}, "average"),
    Table1Row("paper-tuned", "preset paper-tuned", "paper-tuned", TUNED, "average"),
    Table1Row("best", "preset best, without encoder", "best", TEXTURE, "average", 0.4),
)
PAPER_REAL_MS_SSIM = 0.3129
