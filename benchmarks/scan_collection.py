"""Many different scans in little time: a few phantoms, each shifted in a circle by a different way."""

from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_thyroid.phantoms.phantom import simulate_scan

_PHANTOMS = 24
_FRAMES_PER_PATIENT = 7


def write_scans(folder: Path, first: int, count: int, jpeg_size: int | None = None) -> None:
    """Write scans number `first` to `first + count - 1`, named by patient and frame, no two with the same pixels.

    Args:
        folder: must exist.
        first: number of the first scan, from 0.
        count: how many.
        jpeg_size: None for PNGs of 875x1167 pixels, the paper's; else the side of square JPEGs, pixels.
    """
    phantoms = [_phantom(index, jpeg_size) for index in range(min(_PHANTOMS, first + count))]
    for number in range(first, first + count):
        image = phantoms[number % len(phantoms)]
        turn = number // len(phantoms)
        shift = (turn // image.shape[1] + 7 * (turn % 5), turn % image.shape[1])
        scan = Image.fromarray(np.roll(image, shift, axis=(0, 1)))
        stem = f"patient{number // _FRAMES_PER_PATIENT:05d}_frame{number % _FRAMES_PER_PATIENT}"
        if jpeg_size is None:
            scan.save(folder / f"{stem}.png", compress_level=1)
        else:
            scan.save(folder / f"{stem}.jpg", quality=80)


def _phantom(index: int, jpeg_size: int | None) -> np.ndarray:
    image = simulate_scan(0, index + 1, 1).image
    if jpeg_size is None:
        return image
    return np.asarray(Image.fromarray(image).resize((jpeg_size, jpeg_size), Image.Resampling.LANCZOS))
