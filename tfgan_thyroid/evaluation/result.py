"""One evaluation: what was compared and what came out, as numbers and words that JSON can hold."""

import dataclasses
from typing import Any

from tfgan_thyroid import __version__
from tfgan_thyroid.evaluation.audit.result import AuditResult
from tfgan_thyroid.evaluation.image_sources import ImageSource
from tfgan_thyroid.evaluation.two_sample.result import TwoSample
from tfgan_thyroid.evaluation.verdict import Verdict
from tfgan_thyroid.metric_catalog import RESULTS
from tfgan_thyroid.metrics.estimate import Estimate
from tfgan_thyroid.runs.run_directory import current_stack


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What was compared, and what came out."""

    real: ImageSource  # the real images
    generated: ImageSource  # the generated ones
    estimates: dict[str, Estimate]  # metrics by name
    trained_on: ImageSource  # the scans among which the audit looks for copies
    audit: AuditResult | None  # of memorisation, None where it was not asked for
    held_out: ImageSource | None  # real scans that the audit held out, None where there are none
    features: str  # the space of the metrics that are pluggable
    samples: int  # images of each kind that a draw should hold
    dimensions: int | None = None  # of that space, None for pixels
    # MMD and 1-NN in the random network's features, where the space is pixels.
    beside: dict[str, Estimate] = dataclasses.field(default_factory=dict)
    # Of the classifier two-sample test, None where it was not asked or cannot be made.
    two_sample: TwoSample | None = None
    verdict: Verdict = Verdict("No verdict: it was not asked for")  # in words

    @property
    def remarks(self) -> list[str]:
        """What to know before the numbers are read: too few images, and images that show nothing."""
        return [
            *self._small_draws(),
            *self._no_floor(),
            *self._fewer_than_dimensions(),
            *_cut("real", self.real),
            *_cut("generated", self.generated),
            *_blank("real", self.real),
            *_blank("generated", self.generated),
        ]

    def _small_draws(self) -> list[str]:
        drawn = [estimate.n for name, estimate in self.estimates.items() if RESULTS[name].goal != "real"]
        n = min(drawn, default=self.samples)
        if n >= self.samples:
            return []
        counts = f"{len(self.real.images)} real and {len(self.generated.images)} generated images"
        return [f"draws hold {n} images of each kind instead of {self.samples}: there are {counts}"]

    def _no_floor(self) -> list[str]:
        if all(e.floor is not None or RESULTS[name].goal == "real" for name, e in self.estimates.items()):
            return []
        half = len(self.real.images) // 2
        return [f"there is no real against real: that takes two disjoint draws, so at most --samples {half} here"]

    def _fewer_than_dimensions(self) -> list[str]:
        estimate, width = self.estimates.get("fid"), self.dimensions
        if estimate is None or width is None or estimate.n > width:
            return []
        return [
            f"FID is of n = {estimate.n} images and {width} dimensions: its covariances are singular, so that it "
            "compares with real against real at the same n alone"
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything but the images, JSON-able and without any name of a file or a patient."""
        return {
            "verdict": self.verdict.lines,
            "two_sample": self.two_sample.to_dict() if self.two_sample else None,
            "real": self.real.facts,
            "generated": self.generated.facts,
            "trained_on": self.trained_on.facts if self.audit else None,
            "held_out": self.held_out.facts if self.held_out else None,
            "features": self.features,
            "metrics": {name: estimate._asdict() for name, estimate in self.estimates.items()},
            "metrics_random_features": {name: estimate._asdict() for name, estimate in self.beside.items()},
            "remarks": self.remarks,
            "audit": self.audit.to_dict() if self.audit else None,
            "package_version": __version__,
            "stack": current_stack(),
        }


def _cut(name: str, source: ImageSource) -> list[str]:
    if "left_out" not in source.facts:
        return []
    return [f"only the first {len(source.images):,} {name} images are looked at, {source.facts['left_out']:,} are not"]


def _blank(name: str, source: ImageSource) -> list[str]:
    count = len(source.images)
    flat = source.images.reshape(count, -1)
    constant = int((flat == flat[:, :1]).all(axis=1).sum())
    if constant:
        return [f"{constant} of {count} {name} images are of one grey level: they show nothing"]
    if count > 1 and (flat == flat[0]).all():
        return [f"all {count} {name} images are the same image"]
    return []


def metrics_line(evaluation: Evaluation) -> dict[str, Any]:
    """The line for `metrics.jsonl`: under `evaluation`, apart from what training writes there."""
    document = evaluation.to_dict()
    if document["audit"] is not None:
        del document["audit"]["closest"]
    return {"iteration": evaluation.generated.facts.get("iteration"), "evaluation": document}
