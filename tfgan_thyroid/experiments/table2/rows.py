"""The rows of Table II: what a U-Net learns from. Imports no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass

FULL_GENERATED = (32, 64, 128, 256)
CONVENTIONAL_GENERATED = 64
PAPER = {0: (0.3881, 0.5093), 32: (0.3885, 0.5105), 64: (0.3892, 0.5111)}
"""mIoU and Dice by the number of generated images beside the paper's 128 real ones."""


@dataclass(frozen=True)
class Table2Row:
    """What a U-Net learns from."""

    real: int  # labelled scans; 0 takes the whole train split
    generated: int = 0  # generated pairs beside them, of a model trained on those labelled scans alone
    augmentation: str = "none"  # `none` or `conventional`
    # MIoU and Dice that the paper reports (its Table II), or None where it does not.
    paper: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """For `--rows` and files, such as `16real-64generated-conventional`."""
        parts = [self.subset]
        parts += [f"{self.generated}generated"] if self.generated else []
        parts += [self.augmentation] if self.augmentation != "none" else []
        return "-".join(parts)

    @property
    def subset(self) -> str:
        """The labelled scans, for names."""
        return f"{self.real}real" if self.real else "real"

    @property
    def baseline(self) -> "Table2Row":
        """Those labelled scans and nothing else."""
        return Table2Row(self.real, paper=PAPER[0] if not self.real else None)

    def title(self, all_real: int) -> str:
        """In the table."""
        title = f"{self.real or all_real} real"
        if self.augmentation != "none":
            title += f", {self.augmentation}"
        return f"{title} + {self.generated} generated" if self.generated else title


def table2_rows(sizes: Sequence[int], generated: Sequence[int]) -> list[Table2Row]:
    """All rows: few labelled scans first, then all of them.

    Args:
        sizes: labelled scans of the low-data rows.
        generated: pairs of the low-data rows, one after the other; none takes as many as there are labelled scans.
    """
    rows = []
    for size in sorted(set(sizes)):
        counts = (0, *(sorted(set(generated)) or (size,)))
        rows += [Table2Row(size, pairs, way) for way in ("none", "conventional") for pairs in counts]
    rows += [Table2Row(0, pairs, paper=PAPER.get(pairs)) for pairs in (0, *FULL_GENERATED)]
    return rows + [Table2Row(0, pairs, "conventional") for pairs in (0, CONVENTIONAL_GENERATED)]
