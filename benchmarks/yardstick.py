"""What each measure sees and what it is blind to, on phantoms with known faults: `python -m benchmarks.yardstick`.

Writes one picture with a row of each kind and prints the table of `docs/evaluation.md`. About five minutes on a core.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from tfgan_thyroid.data.preprocessing import crop, quantize, resize
from tfgan_thyroid.phantoms.anatomy import Ellipse
from tfgan_thyroid.phantoms.config import PhantomConfig
from tfgan_thyroid.phantoms.imaging import render
from tfgan_thyroid.phantoms.patients import sample_patient, sample_view
from tfgan_thyroid.phantoms.phantom import random_streams
from tfgan_thyroid.phantoms.tissue import paint_neck
from tfgan_thyroid.quiet import quiet_tensorflow

SIZE = 64
# A fifth of the usual scanner's pixels, for speed, and none of its margin.
SCANNER = PhantomConfig(
    height_px=175, width_px=233, sector_left_px=58, lateral_speckle_px=(1.5, 1.6), axial_speckle_px=1.5
)
SHOWN = 6
FAR_AWAY_MM = 500.0


class Phantoms(NamedTuple):
    """Scans of the phantom's patients."""

    images: np.ndarray  # uint8 `[N, 64, 64, 1]`
    patients: np.ndarray  # int `[N]`


def phantoms(seed: int, patients: int, frames: int, vessels: bool = True) -> Phantoms:
    """Frames of simulated patients, by the simulator and the resizing of the package; without vessels on request."""
    images, of = [], []
    for patient in range(1, patients + 1):
        for frame in range(1, frames + 1):
            streams = random_streams(seed, patient, frame)
            anatomy, view = sample_patient(streams[0]), sample_view(streams[1])
            if not vessels:
                anatomy = dataclasses.replace(
                    anatomy, carotids=_far_away(anatomy.carotids), jugulars=_far_away(anatomy.jugulars)
                )
            maps, _ = paint_neck(anatomy, view, SCANNER, *streams)
            scan = render(maps, SCANNER, streams[1])
            images.append(resize(crop(scan, (0, 0, scan.shape[1], scan.shape[0])), SIZE))
            of.append(patient)
    return Phantoms(np.stack(images)[..., None], np.array(of))


def _far_away(vessels: tuple[Ellipse, Ellipse]) -> tuple[Ellipse, Ellipse]:
    right, left = vessels
    return right._replace(x=FAR_AWAY_MM), left._replace(x=FAR_AWAY_MM)


def faulty(scans: Phantoms, fresh: Phantoms) -> dict[str, np.ndarray]:
    """What may be wrong with generated images, by name: uint8 `[N, 64, 64, 1]` each, as many as there are fresh scans.

    Args:
        scans: that a generator would have learnt from.
        fresh: scans of other patients, one of each, which a perfect generator would make.
    """
    images, count = fresh.images, len(fresh.images)
    rng = np.random.default_rng(0)
    wave = 8.0 * np.sin(np.pi / 2 * np.arange(SIZE) + np.pi / 4)
    fours = rng.integers(0, len(scans.images), (count, 4))
    return {
        "scans of other patients": images,
        "blurred by one pixel": _blurred(images, 1.0),
        "too little speckle": _rounded(0.5 * images + 0.5 * _blurred(images, 1.5)),
        "a grid of period 4": _rounded(images + (wave[:, None] + wave[None, :])[None, :, :, None]),
        "vessels left out": phantoms(7, count, 1, vessels=False).images,
        "means of four scans": _rounded(scans.images[fours].mean(axis=1)),
        "copies, blurred": _blurred(scans.images[rng.permutation(len(scans.images))[:count]], 1.0),
        "plaid": _plaid(rng, count),
        "grey": np.full_like(images, 90),
        "an untrained generator": untrained(count),
    }


def _blurred(images: np.ndarray, pixels: float) -> np.ndarray:
    return _rounded(gaussian_filter(images.astype(float), (0, pixels, pixels, 0)))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _plaid(rng: np.random.Generator, count: int) -> np.ndarray:
    """Crossed waves of random period: texture in two directions and nothing else."""
    places, waves = np.arange(SIZE), rng.uniform(0.2, 1.5, (2, count, 1))
    down, across = (np.sin(wave * places + rng.uniform(0, 6, (count, 1))) for wave in waves)
    return _rounded(90 + 40 * (down[:, :, None] + across[:, None, :]) / 2)[..., None]


def untrained(count: int) -> np.ndarray:
    """Images of the package's generator before its first iteration."""
    import tensorflow as tf

    from tfgan_thyroid.config import Config
    from tfgan_thyroid.models.registry import build_model

    model = build_model(Config(image_size=SIZE, width=4, latent_size=8, batch_size=4))
    return quantize(model.generate(tf.range(count, dtype=tf.int64)).numpy())


def measure(scans: Phantoms, kinds: dict[str, np.ndarray]) -> list[str]:
    """Rows of a table: the two-sample test's AUC by scale, and what the other measures say."""
    from tfgan_thyroid.evaluation.features import random_features
    from tfgan_thyroid.evaluation.two_sample.classifier import ScanClassifier
    from tfgan_thyroid.evaluation.two_sample.comparison import Images, scale_test
    from tfgan_thyroid.metrics.suite import evaluate_metrics

    classifiers, extract, real = [ScanClassifier(size) for size in (16, 32, 64)], random_features(), Images(*scans)
    rows = []
    for name, images in kinds.items():
        found = [scale_test(classifier, real, images) for classifier in classifiers]
        cells = [f"{each.auc:.2f} ({each.low:.2f} to {each.high:.2f})" for each in found]
        spaces = None, (extract.name, extract(scans.images), extract(images))
        for names, space in zip((("mmd", "1nn", "ms-ssim", "spectrum"), ("mmd", "1nn")), spaces, strict=True):
            estimates = evaluate_metrics(names, scans.images, images, samples=50, draws=10, seed=0, features=space)
            cells += [f"{estimates[each].mean:.3f}" for each in names]
        rows.append(f"| {name} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    return rows


def picture(scans: Phantoms, kinds: dict[str, np.ndarray]) -> np.ndarray:
    """The scans, then each kind, a row of six images each."""
    rows = [np.concatenate(list(images[:SHOWN, :, :, 0]), axis=1) for images in (scans.images[::2], *kinds.values())]
    return np.concatenate(rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Simulates, measures, prints and draws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=50, help="two scans of each, against as many generated images")
    parser.add_argument("--picture", type=Path, default=Path("yardstick.png"))
    args = parser.parse_args(argv)
    quiet_tensorflow()
    from tfgan_thyroid.data.scans.files import encode_png

    scans, fresh = phantoms(0, args.patients, 2), phantoms(1, 2 * args.patients, 1)
    kinds = faulty(scans, fresh)
    args.picture.write_bytes(encode_png(picture(scans, kinds)))
    measure(scans, kinds)


if __name__ == "__main__":
    main()
