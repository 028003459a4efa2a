"""One evaluation: real against generated images, by metrics and by the audit, as numbers that JSON can hold."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.audit.audit import audit
from tfgan_thyroid.evaluation.audit.result import AuditResult
from tfgan_thyroid.evaluation.features import FeatureExtractor, random_features
from tfgan_thyroid.evaluation.image_sources import ImageSource, Kind
from tfgan_thyroid.evaluation.progress import progress_bar
from tfgan_thyroid.evaluation.result import Evaluation
from tfgan_thyroid.evaluation.two_sample.comparison import Images, full_test, too_few
from tfgan_thyroid.evaluation.two_sample.result import TwoSample
from tfgan_thyroid.evaluation.verdict import verdict
from tfgan_thyroid.metric_catalog import TWO_SAMPLE
from tfgan_thyroid.metrics.estimate import Estimate
from tfgan_thyroid.metrics.suite import PIXELS, evaluate_metrics

BESIDE_PIXELS = ("mmd", "1nn")


@dataclasses.dataclass(frozen=True)
class MetricsProtocol:
    """How the metrics are computed."""

    metrics: Sequence[str]  # names, `two-sample` among them or not
    samples: int  # images of each kind in a draw
    draws: int  # number of draws
    seed: int  # of the draws


def compare(
    real: ImageSource,
    generated: ImageSource,
    protocol: MetricsProtocol,
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
    drawn = drawn_metrics(protocol.metrics)
    features = None
    if extractor is not None:
        features = (extractor.name, extractor(real.images), extractor(generated.images))
    estimates = _draw(drawn, real, generated, protocol, features)
    beside = _beside_pixels(drawn, real, generated, protocol) if extractor is None else {}
    trained_on = trained_on or real
    result = _audit(trained_on, generated, held_out, extractor) if audited else None
    found, why_not = _two_sample(trained_on, generated, held_out, protocol)
    return Evaluation(
        real,
        generated,
        estimates,
        trained_on,
        result,
        held_out,
        extractor.name if extractor else PIXELS,
        protocol.samples,
        features[1].shape[1] if features else None,
        beside,
        found,
        verdict(generated.images, found, result, why_not),
    )


def drawn_metrics(names: Sequence[str]) -> list[str]:
    """The metrics of random draws; where nothing but `two-sample` is asked for, MMD and 1-NN go beside it."""
    return [name for name in names if name != TWO_SAMPLE] or list(BESIDE_PIXELS)


def _draw(
    names: Sequence[str],
    real: ImageSource,
    generated: ImageSource,
    protocol: MetricsProtocol,
    features: tuple[str, Any, Any] | None,
) -> dict[str, Estimate]:
    with progress_bar(protocol.draws, "draw", "metrics") as bar:
        return evaluate_metrics(
            names,
            real.images,
            generated.images,
            samples=protocol.samples,
            draws=protocol.draws,
            seed=protocol.seed,
            features=features,
            progress=lambda done, total: _advance(bar, done),
        )


def _beside_pixels(
    asked: Sequence[str], real: ImageSource, generated: ImageSource, protocol: MetricsProtocol
) -> dict[str, Estimate]:
    """Pixels see layout and are nearly blind to texture; a random network sees both."""
    names = [name for name in BESIDE_PIXELS if name in asked]
    if not names:
        return {}
    extract = random_features(real.images.shape[-1])
    return _draw(names, real, generated, protocol, (extract.name, extract(real.images), extract(generated.images)))


def _two_sample(
    scans: ImageSource, generated: ImageSource, held_out: ImageSource | None, protocol: MetricsProtocol
) -> tuple[TwoSample | None, str]:
    """The test, or why it was not made."""
    if TWO_SAMPLE not in protocol.metrics:
        return None, f"{TWO_SAMPLE} is not among --metrics"
    real = Images(scans.images, scans.groups)
    reason = too_few(real, generated.images)
    if reason is not None:
        return None, f"too few scans to judge: {reason}"
    unseen = Images(held_out.images, held_out.groups) if held_out else None
    with progress_bar(None, "network", TWO_SAMPLE) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            _advance(bar, done)

        return full_test(real, generated.images, unseen, protocol.seed, progress), ""


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
            held_out_groups=held_out.groups if held_out else None,
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
    """Refuses images that cannot be compared."""
    if real != generated:
        sizes = [f"{width}x{height} pixels" for height, width in (real, generated)]
        raise UserError(
            f"the real images have {sizes[0]}, the generated ones {sizes[1]}: bring the real ones to the generator's "
            "size with python -m pipeline.preprocess --image-size"
        )
