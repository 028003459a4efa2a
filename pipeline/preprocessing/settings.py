"""What a preprocessing run was asked for; the same for every scan, and small enough to travel with each function."""

import dataclasses
import hashlib
import hmac
import shutil
from pathlib import Path

from tfgan_thyroid.data.masks.labels import MaskLabel


@dataclasses.dataclass(frozen=True)
class PreprocessSettings:
    """Settings of one run."""

    image_size: int  # height and width to store, pixels
    crop: str  # see `crop_policies.find_crop`
    white_level: int  # the 16-bit value stored as white
    masks: bool  # whether each scan must have a mask
    splits: dict[str, float]  # the fraction of scans for each split
    seed: int  # draws the splits
    group_pattern: str | None  # regular expression for a scan's group; None for one group a file
    shards: int  # files a split, at most
    salt: bytes | None = None  # the key of the hashes in `image/source_id` and `image/group_id`; None for plain hashes
    # The folder that becomes the dataset directory once it is complete; every worker must see it.
    staging: Path = Path()
    mask_label: MaskLabel = MaskLabel()  # which structure of the masks is the foreground
    groups: dict[bytes, str] | None = None  # the group of each file that a table names; None to go by `group_pattern`
    listed: dict[bytes, str] | None = None  # the split of each file that a list names; None to go by `splits`
    # Scans whose perceptual hashes differ in at most so many bits share a split; None: not sought.
    near_duplicates: int | None = None
    inpaint_overlays: bool = False  # whether burned-in calipers and text are filled in
    sheet_names: bool = False  # whether the two sheets of pictures name files
    sheet_share: float = 1.0  # the share of scans from which the crop sheet's are drawn
    # Counts of what a look at a few scans found, by the names of `Probe`; for `statistics.json`.
    probe: dict[str, int] | None = None

    @property
    def spill(self) -> Path:
        """Where prepared scans wait for their shard; removed before the directory is published."""
        return self.staging / "spill"

    def remove_spill(self) -> None:
        """Delete the spill folder."""
        shutil.rmtree(self.spill)

    def identifier(self, kind: str, name: bytes) -> str:
        """The hash that stands for a name: HMAC-SHA256 under the salt, else SHA-256, 64 hexadecimal digits.

        Without a salt, a guessed name can be confirmed.

        Args:
            kind: `"source"` or `"group"`, so that equal names of different kinds have different hashes.
            name: what to hide.
        """
        message = kind.encode("ascii") + b"\0" + name
        if self.salt is None:
            return hashlib.sha256(message).hexdigest()
        return hmac.new(self.salt, message, hashlib.sha256).hexdigest()
