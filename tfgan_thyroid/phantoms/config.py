"""The settings of the simulated scanner: sizes, speckle, gain and grey map, each with its unit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A quantity on a grid, rows by columns.
Map = NDArray[np.float32]


@dataclass(frozen=True)
class PhantomConfig:
    """A linear-array scanner and the screen it draws on.

    The defaults reproduce the raw scans of the paper: 875x1167 pixels, of which columns 292..1166 are the image
    sector. Grey levels are calibrated against real neck scans (mean near 70, standard deviation 41 to 47).

    Raises:
        ValueError: for a setting outside its range.
    """

    height_px: int = 875  # rows of the scan; the image sector fills them all
    width_px: int = 1167  # columns of the scan, dark margin included
    sector_left_px: int = 292  # first column of the image sector; everything left of it is margin
    dynamic_range_db: float = 65.0  # decibels between black and white after log compression
    # Full width at half maximum of the envelope's autocovariance across the beam, at the probe and at the deepest row;
    # the beam widens linearly between them.
    lateral_speckle_px: tuple[float, float] = (5.2, 6.8)
    axial_speckle_px: float = 3.0  # the same along the beam, set by the pulse length and the same at all depths
    # Sub-apertures whose envelopes are averaged (spatial compounding). One look gives fully developed Rayleigh speckle;
    # more looks smooth it by the square root of their number.
    compound_looks: int = 3
    frequency_mhz: float = 10.0  # centre frequency, which scales attenuation. Thyroid probes use 7 to 15 MHz
    # Gain added per centimetre of depth (round trip). Tissue loses about 12 dB/cm at 10 MHz, so the default leaves deep
    # tissue darker, as in real scans.
    time_gain_db_per_cm: float = 10.5
    time_gain_limit_db: float = 45.0  # the most that time gain adds; it levels off towards it
    overall_gain_db: float = 35.5  # level of thyroid tissue at the probe, above black
    noise_floor_db: float = -61.0  # electronic noise before time gain, relative to thyroid tissue at the probe

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.height_px < 64 or self.sector_width_px < 64:
            raise ValueError(
                f"the image sector is {self.height_px}x{self.sector_width_px} pixels; at least 64x64 are needed"
            )
        if self.sector_left_px < 0:
            raise ValueError(f"sector_left_px is {self.sector_left_px}; it counts columns from 0")
        if not 20 <= self.dynamic_range_db <= 120:
            raise ValueError(f"dynamic_range_db is {self.dynamic_range_db}; scanners offer 20 to 120 dB")
        for name, size in (
            ("lateral_speckle_px", self.lateral_speckle_px[0]),
            ("lateral_speckle_px", self.lateral_speckle_px[1]),
            ("axial_speckle_px", self.axial_speckle_px),
        ):
            if not 1.5 <= size <= 20:
                raise ValueError(f"{name} holds {size}; speckle between 1.5 and 20 pixels can be drawn on this grid")
        if not 1 <= self.compound_looks <= 9:
            raise ValueError(f"compound_looks is {self.compound_looks}; give 1 to 9")
        if not 1 <= self.frequency_mhz <= 30:
            raise ValueError(f"frequency_mhz is {self.frequency_mhz}; give 1 to 30")

    @property
    def sector_width_px(self) -> int:
        """Columns of the image sector."""
        return self.width_px - self.sector_left_px
