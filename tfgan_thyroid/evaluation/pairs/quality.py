"""Whether generated masks are masks: their shapes against those of real ones, and a U-Net's word on the pairs."""

from typing import Any

import numpy as np
from scipy import stats

from tfgan_thyroid.metrics.mask_shape import MaskShape, mask_shapes
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.examples import SegmentationExamples
from tfgan_thyroid.segmentation.experiment import train_and_score_examples

DEFINITIONS = {
    "area": "foreground's share of the pixels",
    "row": "centroid, share of the height from the top",
    "column": "centroid, share of the width from the left",
    "eccentricity": "of the ellipse of the same second moments, 0 is a disc",
    "compactness": "A^2 / (2 pi (mu_20 + mu_02)), 1 is a disc",
    "components": "pieces that touch by neither side nor corner",
    "empty": "share of masks without a pixel; they have no position and shape and are left out there",
    "kolmogorov_smirnov": "largest distance of the two distribution functions, 0 to 1; frames of one patient are "
    "alike, so no p-value is given",
    "wasserstein": "mean distance that values must move to turn one distribution into the other",
    "real_to_generated": "mean Dice on the generated pairs of a U-Net trained on the real ones",
    "generated_to_real": "mean Dice on the real pairs of a U-Net trained on the generated ones",
}


def compare_shapes(real: SegmentationExamples, generated: SegmentationExamples) -> dict[str, dict[str, Any]]:
    """Shape statistics of real and generated masks, property by property.

    Returns:
        For each attribute of `MaskShape` the mean and standard deviation of both kinds and the two distances, null
        where one kind has empty masks alone; and for `empty` both shares.
    """
    shapes = mask_shapes(real.masks[..., 0]), mask_shapes(generated.masks[..., 0])
    empty = [float(np.mean(kind["components"] == 0)) for kind in shapes]
    result: dict[str, dict[str, Any]] = {name: _compare(*(kind[name] for kind in shapes)) for name in MaskShape._fields}
    result["empty"] = {"real": empty[0], "generated": empty[1]}
    return result


def cross_dice(
    config: SegmentationConfig, real: SegmentationExamples, generated: SegmentationExamples
) -> dict[str, float | None]:
    """Whether the pairs teach what real ones teach: Dice of a U-Net trained on one kind and tested on the other.

    A U-Net that knows real scans finds in a good generated image what its mask says: `real_to_generated` falls where
    masks do not fit their images. `generated_to_real` falls where generated images miss what real ones have.

    Args:
        config: of the U-Net; image size and channels are taken from the examples.
        real: pairs.
        generated: pairs of the same size.

    Returns:
        The mean Dice of both ways, None where no pair that is tested on has foreground.
    """
    config = config.replace(image_size=real.images.shape[1], channels=real.images.shape[3])
    ways = {"real_to_generated": (real, generated), "generated_to_real": (generated, real)}
    scores = {name: train_and_score_examples(config, *pairs) for name, pairs in ways.items()}
    return {name: found.image_mean()["dice"] if found.scored else None for name, found in scores.items()}


def _compare(real: np.ndarray, generated: np.ndarray) -> dict[str, Any]:
    real, generated = real[~np.isnan(real)], generated[~np.isnan(generated)]
    kinds = {"real": _summary(real), "generated": _summary(generated)}
    if not len(real) or not len(generated):
        return {**kinds, "kolmogorov_smirnov": None, "wasserstein": None}
    return {
        **kinds,
        "kolmogorov_smirnov": float(stats.ks_2samp(real, generated).statistic),
        "wasserstein": float(stats.wasserstein_distance(real, generated)),
    }


def _summary(values: np.ndarray) -> dict[str, float | int | None]:
    if not len(values):
        return {"mean": None, "std": None, "n": 0}
    return {"mean": float(values.mean()), "std": float(values.std()), "n": len(values)}
