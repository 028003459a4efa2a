"""One evaluation: real against generated images, by metrics and by the audit, as numbers that JSON can hold."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from tfgan_thyroid import __version__
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.audit.audit import audit
from tfgan_thyroid.evaluation.audit.result import AuditResult
from tfgan_thyroid.evaluation.features import FeatureExtractor
from tfgan_thyroid.evaluation.image_sources import ImageSource, Kind
from tfgan_thyroid.evaluation.progress import progress_bar
from tfgan_thyroid.metric_catalog import RESULTS
from tfgan_thyroid.metrics.estimate import Estimate
from tfgan_thyroid.metrics.suite import evaluate_metrics
from tfgan_thyroid.runs.run_directory import current_stack


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How the metrics are computed.

    Attributes:
        metrics: names.
        samples: images of each kind in a draw.
        draws: number of draws.
        seed: of the draws.
    """

    metrics: Sequence[str]
    samples: int
    draws: int
    seed: int


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What was compared, and what came out.

    Attributes:
        real: the real images.
        generated: the generated ones.
        estimates: metrics by name.
        trained_on: the scans among which the audit looks for copies.
        audit: of memorisation, None where it was not asked for.
        held_out: real scans that the audit held out, None where there are none.
        features: the space of the metrics that are pluggable.
        samples: images of each kind that a draw should hold.
    """

    real: ImageSource
    generated: ImageSource
    estimates: dict[str, Estimate]
    trained_on: ImageSource
    audit: AuditResult | None
    held_out: ImageSource | None
    features: str
    samples: int

    @property
    def remarks(self) -> list[str]:
        """What to know before the numbers are read: too few images, and images that show nothing."""
        return [
            *self._small_draws(),
            *self._no_floor(),
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

    def to_dict(self) -> dict[str, Any]:
        """Everything but the images, JSON-able and without any name of a file or a patient."""
        return {
            "real": self.real.facts,
            "generated": self.generated.facts,
            "trained_on": self.trained_on.facts if self.audit else None,
            "held_out": self.held_out.facts if self.held_out else None,
            "features": self.features,
            "metrics": {name: estimate._asdict() for name, estimate in self.estimates.items()},
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


def compare(
    real: ImageSource,
    generated: ImageSource,
    protocol: Protocol,
    extractor: FeatureExtractor | None,
    audited: bool,
    held_out: ImageSource | None,
    trained_on: ImageSource | None = None,
) -> Evaluation:
    """Computes the metrics and, where asked for, the audit, with progress on standard error.

    Args:
        real: real images.
        generated: generated images of the same size.
        protocol: which metrics, and how.
        extractor: the space of the pluggable metrics and of the audit beside pixels; None for pixels alone.
        audited: whether to look for memorised scans among the real images.
        held_out: real images that the generator has not seen, where there are some.
        trained_on: among which the audit looks; the real images where None.

    Raises:
        UserError: the images do not fit together, or are too few.
    """
    check_sizes(real.images.shape[1:3], generated.images.shape[1:3])
    features = None
    if extractor is not None:
        features = (extractor.name, extractor(real.images), extractor(generated.images))
    with progress_bar(protocol.draws, "draw", "metrics") as bar:
        estimates = evaluate_metrics(
            protocol.metrics,
            real.images,
            generated.images,
            samples=protocol.samples,
            draws=protocol.draws,
            seed=protocol.seed,
            features=features,
            progress=lambda done, total: _advance(bar, done),
        )
    trained_on = trained_on or real
    result = None
    if audited:
        result = _audit(trained_on, generated, held_out, extractor)
    space = extractor.name if extractor else "pixels in [0, 1]"
    return Evaluation(
        real, generated, estimates, trained_on, result, held_out if audited else None, space, protocol.samples
    )


def _audit(
    real: ImageSource, generated: ImageSource, held_out: ImageSource | None, extractor: FeatureExtractor | None
) -> AuditResult:
    with progress_bar(None, "image", "audit") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            _advance(bar, done)

        result = audit(
            real.images,
            held_out.images if held_out else None,
            generated.images,
            groups=real.groups,
            features=(extractor.name, extractor) if extractor else None,
            progress=progress,
        )
    stranger = trained_elsewhere(real, generated)
    return dataclasses.replace(result, notes=[*result.notes, stranger]) if stranger else result


def trained_elsewhere(real: ImageSource, generated: ImageSource) -> str | None:
    """A warning where the generator says that it was trained on other scans than it is held against."""
    digest, split = generated.facts.get("trained_on"), generated.facts.get("trained_split")
    if digest is None or real.kind is not Kind.DATASET:
        return None
    if (digest, split) == (real.facts["digest"], real.facts["split"]):
        return None
    return "the generator was trained on another data set or split than it is held against: copies may be missed"


def _advance(bar: Any, done: int) -> None:
    bar.update(done - bar.n)


def check_sizes(real: Sequence[int], generated: Sequence[int]) -> None:
    """Refuses images that cannot be compared.

    Args:
        real: height and width of the real images, in pixels.
        generated: of the generated ones.

    Raises:
        UserError: they differ.
    """
    if real != generated:
        sizes = [f"{width}x{height} pixels" for height, width in (real, generated)]
        raise UserError(
            f"the real images have {sizes[0]}, the generated ones {sizes[1]}: bring the real ones to the generator's "
            "size with python -m pipeline.preprocess --image-size"
        )


def metrics_line(evaluation: Evaluation) -> dict[str, Any]:
    """The line for `metrics.jsonl`: under `evaluation`, apart from what training writes there."""
    document = evaluation.to_dict()
    if document["audit"] is not None:
        del document["audit"]["closest"]
    return {"iteration": evaluation.generated.facts.get("iteration"), "evaluation": document}
