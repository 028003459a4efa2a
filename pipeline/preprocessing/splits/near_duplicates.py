"""Which scans look alike: sets of perceptual hashes that differ in few bits, found without comparing all pairs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.preprocessing.prepare.perceptual_hash import HASH_BITS

# Pairs that are held in memory at a time.
_PAIRS = 1_000_000
_BITS_SET = np.array([value.bit_count() for value in range(2**16)], np.uint8)


def find_near_duplicates(hashes: Sequence[bytes], distance: int) -> list[list[int]]:
    """Positions of the hashes that belong together: each within `distance` bits of another of its set.

    Two hashes that differ in at most d bits agree in one of d + 1 bands of bits. So only hashes with an equal band are
    compared: of 50,000 scans one pair in a hundred, which takes some five seconds.

    Returns:
        Sets of at least two, ascending, in the order of their first members.
    """
    if len(hashes) < 2:
        return []
    rows = np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), HASH_BITS // 8)
    different, position = np.unique(rows, axis=0, return_inverse=True)
    label = _connect_bands(np.ascontiguousarray(different), distance)[position.ravel()]
    order = np.argsort(label, kind="stable")
    sets = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    return sorted(members.tolist() for members in sets if len(members) > 1)


def _connect_bands(rows: NDArray[np.uint8], distance: int) -> NDArray[np.int32]:
    """A label for each of the different hashes `[n, 18]`, equal for those that are connected."""
    label = np.arange(len(rows), dtype=np.int32)
    bits = np.unpackbits(rows, axis=1)
    for band in range(distance + 1):
        # Bits are dealt out in turn, so that each band has low frequencies, alike in all scans, and high ones.
        keys = np.packbits(bits[:, band :: distance + 1], axis=1)
        order = np.lexsort(keys.T)
        same = (keys[order[1:]] == keys[order[:-1]]).all(axis=1)
        label = _connect_runs(rows, order, same, distance, label)
    return label


def _connect_runs(
    rows: NDArray[np.uint8], order: NDArray[np.intp], same: NDArray[np.bool_], distance: int, label: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Compare all pairs within runs of equal keys; `same[i]`: whether `order[i]` and `order[i + 1]` share a key."""
    run = np.concatenate([[0], np.cumsum(~same)])
    first = np.arange(len(order))
    pending: list[NDArray] = []
    held = 0
    for step in range(1, len(order)):
        first = first[first + step < len(order)]
        first = first[run[first] == run[first + step]]
        if not first.size:
            break
        one, other = order[first], order[first + step]
        apart = label[one] != label[other]
        pairs = np.stack([one[apart], other[apart]])
        pairs = pairs[:, _near(rows, pairs, distance)]
        pending.append(pairs)
        held += pairs.shape[1]
        if held > _PAIRS:
            label, pending, held = _merge(label, pending), [], 0
    return _merge(label, pending)


def _near(rows: NDArray[np.uint8], pairs: NDArray[np.intp], distance: int) -> NDArray[np.bool_]:
    """Whether the two hashes of each pair `[2, n]` differ in at most `distance` bits."""
    differing = (rows[pairs[0]] ^ rows[pairs[1]]).view(np.uint16)
    return _BITS_SET[differing].sum(axis=1, dtype=np.int32) <= distance


def _merge(label: NDArray[np.int32], pending: Sequence[NDArray]) -> NDArray[np.int32]:
    """Labels after the pending pairs are connected as well."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not pending:
        return label
    one, other = label[np.concatenate(pending, axis=1)]
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(label), len(label)))
    return connected_components(graph, directed=False)[1].astype(np.int32)[label]
