"""What metrics can be computed on; each refusal says what to do."""

import numpy as np

from tfgan_thyroid.errors import UserError


def check_images(real: np.ndarray, generated: np.ndarray) -> None:
    """Refuses images that are not 8-bit, of different sizes, or, the real ones, all equal.

    Raises:
        UserError: with the remedy.
    """
    for kind, images in (("real", real), ("generated", generated)):
        if images.dtype.kind == "f" and not np.isfinite(images).all():
            raise UserError(f"the {kind} images hold values that are not finite (NaN): use a checkpoint before them")
        if images.dtype != np.uint8:
            raise UserError(
                f"metrics take images as files hold them, uint8; the {kind} ones are {images.dtype}: quantize"
            )
        if images.ndim != 4:
            raise UserError(f"metrics take images [N, H, W, C]; the {kind} ones have shape {images.shape}")
    if real.shape[1:] != generated.shape[1:]:
        sizes = ["x".join(map(str, images.shape[1:])) for images in (real, generated)]
        raise UserError(f"real images are {sizes[0]}, generated ones {sizes[1]}: bring both to one size first")
    if len(real) and not any((image != real[0]).any() for image in real):
        raise UserError(f"all {len(real)} real images are equal: metrics need a set that varies")


def check_features(features: np.ndarray, images: np.ndarray, kind: str) -> None:
    """Refuses features that are not `[N, F]`, one row an image, all finite.

    Raises:
        UserError: with the remedy.
    """
    if features.ndim != 2 or len(features) != len(images):
        raise UserError(f"features of {len(images)} {kind} images must be [{len(images)}, F], got {features.shape}")
    if not np.isfinite(features).all():
        raise UserError(f"the features of the {kind} images hold values that are not finite (NaN): check their network")
    if kind == "real" and len(features) and not any((row != features[0]).any() for row in features):
        raise UserError("the features of all real images are equal: choose others")
