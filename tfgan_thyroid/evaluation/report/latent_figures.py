"""What a trained encoder shows: reconstructions, the way from one scan to another, and where scans lie."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.evaluation.report.figures import GENERATED, REAL, Picture, draw, grid, spread

STEPS = 6
ROWS = 5
COLUMNS = 8
THUMBNAILS = 48
POINTS = 1_000

Encode = Callable[[np.ndarray], np.ndarray]
Decode = Callable[[np.ndarray], np.ndarray]


def decoder(generator: Callable[..., tf.Tensor]) -> Decode:
    """Latents `[N, L]` to uint8 images `[N, H, W, 1]`, by a generator."""
    return lambda latents: quantize(generator(tf.constant(latents, tf.float32), training=False).numpy())[..., :1]


def reconstructions_figure(scans: np.ndarray, encode: Encode, decode: Decode) -> Picture:
    """Scans with their reconstructions below them."""
    originals = spread(scans, 2 * COLUMNS)
    reconstructed = decode(encode(originals))
    rows = [
        part[start : start + COLUMNS]
        for start in range(0, len(originals), COLUMNS)
        for part in (originals, reconstructed)
    ]
    return grid(
        "reconstructions",
        np.concatenate(rows),
        "Real scans, each above its reconstruction by encoder and generator.",
        "Real scans, and below each what generator and encoder make of it.",
        min(COLUMNS, len(originals)),
    )


def interpolations_figure(scans: np.ndarray, groups: np.ndarray | None, encode: Encode, decode: Decode) -> Picture:
    """From scan to scan in straight lines through the latent space; the real scans stand at the ends."""
    rows = []
    for first, second in _pairs(len(scans), groups):
        ends = encode(scans[[first, second]])
        weights = np.linspace(0.0, 1.0, STEPS)[:, None]
        between = decode((1.0 - weights) * ends[0] + weights * ends[1])
        rows += [scans[first][None], between, scans[second][None]]
    return grid(
        "interpolations",
        np.concatenate(rows),
        f"{ROWS} rows, each leading from one real scan to another through generated images.",
        "In each row, the outer images are real scans of two patients; between them, generated images on the straight "
        "line between their latents. Anatomy should move, not fade.",
        STEPS + 2,
    )


def latents_figure(scans: np.ndarray, generated: np.ndarray, encode: Encode) -> Picture:
    """Encoded scans on their first two principal components, some as thumbnails; generated images on the same."""
    shown = spread(scans, POINTS)
    latents, others = encode(shown), encode(spread(generated, len(shown)))
    centre = latents.mean(axis=0)
    _, values, axes = np.linalg.svd(latents - centre, full_matrices=False)
    explained = values[:2] ** 2 / np.sum(values**2)
    points, other_points = (latents - centre) @ axes[:2].T, (others - centre) @ axes[:2].T
    picked = spread(np.arange(len(shown)), THUMBNAILS)

    def make() -> Figure:
        figure = Figure(figsize=(11, 6.5), layout="constrained")
        panel = figure.subplots()
        panel.scatter(
            other_points[:, 0],
            other_points[:, 1],
            s=10,
            color=GENERATED,
            alpha=0.5,
            linewidths=0,
            label="generated, encoded",
        )
        panel.scatter(
            points[:, 0], points[:, 1], s=10, color=REAL, alpha=0.7, linewidths=0, label="real scans, encoded"
        )
        for index in picked:
            image = OffsetImage(shown[index, :, :, 0], cmap="gray", zoom=34 / shown.shape[1], norm=None)
            image.image.set_clim(0, 255)
            panel.add_artist(AnnotationBbox(image, (points[index, 0], points[index, 1]), frameon=False, pad=0))
        panel.set_xlabel(f"first principal component ({explained[0]:.0%} of the variance)")
        panel.set_ylabel(f"second ({explained[1]:.0%})")
        panel.legend(frameon=False, loc="upper right")
        return figure

    return draw(
        "latents",
        make,
        f"Latents of {len(shown)} real scans and as many generated images on two principal components, {len(picked)} "
        "of the scans as thumbnails.",
        "Where scans lie in the latent space, seen along its two widest directions. Generated images should lie among "
        "the real ones; neighbours should look alike.",
    )


def _pairs(count: int, groups: np.ndarray | None) -> list[tuple[int, int]]:
    """Pairs of scans, of different patients where it is known who is who; the same ones each time."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) if groups is None or len(np.unique(groups)) == 1 else groups
    pairs: list[tuple[int, int]] = []
    for _ in range(100):
        first, second = rng.integers(count, size=2)
        if labels[first] != labels[second] and len(pairs) < ROWS:
            pairs.append((int(first), int(second)))
    return pairs
