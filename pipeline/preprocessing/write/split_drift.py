"""How far the grey levels of the splits lie apart, from their histograms."""

from collections.abc import Mapping

import numpy as np


def jensen_shannon(counts: np.ndarray, others: np.ndarray) -> float:
    """Definition: H((p + q) / 2) - (H(p) + H(q)) / 2 in bits, p and q being the two histograms as fractions.

    Range: 0 for the same distribution, 1 where no level occurs in both; symmetric. The divergence that TensorFlow
    Data Validation names `jensen_shannon_divergence`, not its square root.
    """
    p, q = counts / counts.sum(), others / others.sum()
    return max(0.0, float(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2))


def l_infinity(counts: np.ndarray, others: np.ndarray) -> float:
    """Definition: the largest difference between the two fractions of one level; from 0 to 1."""
    return float(np.abs(counts / counts.sum() - others / others.sum()).max())


def drift(histograms: Mapping[str, np.ndarray]) -> dict[str, dict[str, float | str]]:
    """Each split against the first one that holds anything, which is train in all but odd requests.

    Args:
        histograms: how often each grey level occurs in each split, in the order of the splits, `[256]` each.

    Returns:
        For each later split `against`, `jensen_shannon` (bits), `l_infinity`, and `mean_brightness_difference`
        (grey levels, this split's mean less the other's).
    """
    filled = {split: counts for split, counts in histograms.items() if counts.sum()}
    names = list(filled)
    levels = np.arange(256.0)
    result: dict[str, dict[str, float | str]] = {}
    for split in names[1:]:
        counts, reference = filled[split], filled[names[0]]
        result[split] = {
            "against": names[0],
            "jensen_shannon": jensen_shannon(counts, reference),
            "l_infinity": l_infinity(counts, reference),
            "mean_brightness_difference": float(
                (levels * counts).sum() / counts.sum() - (levels * reference).sum() / reference.sum()
            ),
        }
    return result


def _entropy(fractions: np.ndarray) -> float:
    positive = fractions[fractions > 0]
    return float(-(positive * np.log2(positive)).sum())
