"""Two hospitals as data sets: a sender with many labelled scans, a recipient with few labels. From phantoms, or given.

Phantom patients are simulated by a small scanner, whose pixels are enough for images of 64; the recipient's may be
another one: the shift between the houses.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_thyroid import __version__, atomic
from tfgan_thyroid.data.preprocessing import crop, resize, resize_mask
from tfgan_thyroid.data.records import schema
from tfgan_thyroid.data.records.examples import encode_example, write_record
from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.phantoms.config import PhantomConfig
from tfgan_thyroid.phantoms.phantom import simulate_scan

SCANNER = PhantomConfig(
    height_px=350, width_px=467, sector_left_px=117, lateral_speckle_px=(2.1, 2.7), axial_speckle_px=1.5
)
"""The usual scanner at two fifths of its size."""
OTHER_SCANNER = dataclasses.replace(
    SCANNER,
    frequency_mhz=13.0,
    time_gain_db_per_cm=8.0,
    overall_gain_db=31.0,
    dynamic_range_db=55.0,
    lateral_speckle_px=(3.4, 4.6),
    axial_speckle_px=2.4,
    compound_looks=1,
)
"""Higher frequency and less gain at depth, so darker below; more contrast, coarser and uncompounded speckle."""
SHIFTS = {"none": (SCANNER, 1.0), "scanner": (OTHER_SCANNER, 0.8)}
"""The recipient's scanner by the name of the shift, and the share of the depth that it shows."""
RECIPIENT_SEED, SENDER_SEED = 500, 600


@dataclasses.dataclass(frozen=True)
class House:
    """A hospital's scans."""

    path: Path  # data set directory, made when first needed where there is a recipe
    recipe: dict[str, Any] | None = None  # how phantoms make it, JSON-able; None where the data set is given

    @property
    def key(self) -> Any:
        """What decides its scans."""
        return self.recipe or schema.DatasetInfo.load(self.path).digest

    def make(self) -> Path:
        """The data set directory, simulated unless it is there."""
        if self.recipe is not None and not (self.path / schema.DATASET_FILE).exists():
            _simulate(self.path, **self.recipe)
        return self.path


def phantom_houses(
    folder: Path, shift: str, senders: int, image_size: int, sender_patients: int, recipient_patients: Sequence[int]
) -> tuple[list[House], House]:
    """Senders, each with patients of its own, and one recipient.

    Args:
        folder: of the data sets.
        shift: of `SHIFTS`.
        senders: how many.
        image_size: pixels.
        sender_patients: of each sender, two labelled frames each.
        recipient_patients: in the train, eval and test split, one frame each. The eval split is looked at once, to
            fix the number of training steps.
    """
    own: dict[str, Any] = {"image_size": image_size, "shift": "none", "frames": 2}
    made = [
        House(folder / f"sender{number}", {**own, "seed": SENDER_SEED + number, "patients": {"train": sender_patients}})
        for number in range(senders)
    ]
    splits = dict(zip(schema.SPLITS, recipient_patients, strict=True))
    recipe = {"image_size": image_size, "shift": shift, "frames": 1, "seed": RECIPIENT_SEED, "patients": splits}
    return made, House(folder / "recipient", recipe)


def _simulate(path: Path, image_size: int, shift: str, frames: int, seed: int, patients: dict[str, int]) -> None:
    scanner, depth = SHIFTS[shift]
    first, digests = 1, []
    with atomic.new_directory(path) as temporary:
        for split, count in patients.items():
            folder = schema.split_directory(temporary, split)
            folder.mkdir()
            with (folder / schema.shard_name(0, 1)).open("wb") as file:
                for patient in range(first, first + count):
                    for frame in range(1, frames + 1):
                        image, mask = _scan(seed, patient, frame, scanner, depth, image_size)
                        digests.append(hashlib.sha256(image.tobytes()).hexdigest())
                        record = encode_example(
                            encode_png(image),
                            height=image_size,
                            width=image_size,
                            source_id=_hash(seed, patient, frame),
                            group_id=_hash(seed, patient),
                            sha256=digests[-1],
                            mask_png=encode_png(mask),
                        )
                        write_record(file, record)
            first += count
        counts = {split: frames * patients.get(split, 0) for split in schema.SPLITS}
        digest = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
        facts = (image_size, 1, True, "none", "lanczos", seed, "simulated", __version__, digest)
        schema.DatasetInfo(schema.SCHEMA_VERSION, counts, *facts).save(temporary)


def _hash(*numbers: int) -> str:
    return hashlib.sha256(repr(numbers).encode()).hexdigest()


def _scan(
    seed: int, patient: int, frame: int, scanner: PhantomConfig, depth: float, image_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask, uint8 `[image_size, image_size]`: the upper part of the sector, as wide as it is deep."""
    phantom = simulate_scan(seed, patient, frame, scanner)
    side = round(depth * scanner.height_px)
    left = scanner.sector_left_px + (scanner.sector_width_px - side) // 2
    box = (left, 0, left + side, side)
    return resize(crop(phantom.image, box), image_size), resize_mask(crop(phantom.mask, box), image_size)
