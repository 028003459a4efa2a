import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.preprocessing.prepare.perceptual_hash import DEFAULT_DISTANCE, HASH_BITS, MAX_DISTANCE, perceptual_hash
from pipeline.preprocessing.splits.near_duplicates import find_near_duplicates
from tfgan_thyroid.data import preprocessing
from tfgan_thyroid.phantoms.phantom import PhantomConfig, simulate_scan


def pack(bits):
    return np.packbits(np.asarray(bits, bool)).tobytes()


def distance(one, other):
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def connected_by_all_pairs(hashes, most):
    """Reference: union of every pair within the distance."""
    sets = [{index} for index in range(len(hashes))]
    for one, other in itertools.combinations(range(len(hashes)), 2):
        if distance(hashes[one], hashes[other]) <= most and sets[one] is not sets[other]:
            sets[one] |= sets[other]
            for member in sets[other]:
                sets[member] = sets[one]
    return sorted({tuple(sorted(members)) for members in sets if len(members) > 1})


@pytest.fixture(scope="module")
def phantoms():
    """One stored scan of each of twelve patients, 256 x 256."""
    config = PhantomConfig(height_px=256, width_px=256, sector_left_px=0)
    return [simulate_scan(3, patient, 1, config).image for patient in range(1, 13)]


def saved_as_jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file))


def with_noise(image):
    return np.clip(image + np.random.default_rng(0).normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def halved_and_doubled(image):
    return preprocessing.resize(preprocessing.resize(image, 128), 256)


def brighter(image):
    return np.clip(1.15 * image + 8, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [saved_as_jpeg, with_noise, halved_and_doubled, brighter])
def test_the_hash_outlives_what_copies_go_through(phantoms, change):
    for image in phantoms:
        assert distance(perceptual_hash(image), perceptual_hash(change(image))) <= DEFAULT_DISTANCE


def test_the_hash_tells_patients_apart(phantoms):
    hashes = [perceptual_hash(image) for image in phantoms]
    assert min(distance(*pair) for pair in itertools.combinations(hashes, 2)) > 2 * DEFAULT_DISTANCE


def test_the_hash_is_the_sign_of_the_low_frequencies_against_their_median(phantoms):
    from scipy.fft import dctn

    small = np.asarray(Image.fromarray(phantoms[0]).resize((48, 48), Image.Resampling.BOX), float)
    low = dctn(small, norm="ortho")[:12, :12].ravel()
    expected = low > np.median(low[1:])
    expected[0] = 0 > np.median(low[1:])  # the mean is left out
    assert distance(perceptual_hash(phantoms[0]), pack(expected)) <= 1


@pytest.mark.parametrize("size", [4, 8, 16, 1024])
def test_flat_scans_of_every_size_have_one_hash(size):
    hashes = {perceptual_hash(np.full((size, size), level, np.uint8)) for level in (0, 7, 130, 255)}
    assert hashes == {bytes(HASH_BITS // 8)}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bands_find_the_same_sets_as_all_pairs(data):
    most = data.draw(st.integers(0, MAX_DISTANCE), label="distance")
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))
    centres = rng.random((data.draw(st.integers(1, 6), label="centres"), HASH_BITS)) < 0.5
    hashes = []
    for _ in range(data.draw(st.integers(0, 40), label="count")):
        flipped = rng.permutation(HASH_BITS) < rng.integers(0, 2 * most + 3)
        hashes.append(pack(centres[rng.integers(len(centres))] ^ flipped))
    assert [tuple(found) for found in find_near_duplicates(hashes, most)] == connected_by_all_pairs(hashes, most)


def test_the_sets_do_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    centres = rng.random((5, HASH_BITS)) < 0.5
    hashes = [pack(centres[index % 5] ^ (rng.permutation(HASH_BITS) < 5)) for index in range(50)]
    order = rng.permutation(50)
    shuffled = find_near_duplicates([hashes[index] for index in order], 10)
    assert sorted(sorted(int(order[position]) for position in found) for found in shuffled) == find_near_duplicates(
        hashes, 10
    )


def test_many_equal_hashes_are_one_set_at_once():
    hashes = [bytes(18)] * 20_000 + [b"\xff" * 18] * 2
    assert [len(found) for found in find_near_duplicates(hashes, 12)] == [20_000, 2]


def test_most_pairs_of_many_scans_are_never_compared(monkeypatch):
    from pipeline.preprocessing.splits import near_duplicates

    compared = []
    near = near_duplicates._near
    monkeypatch.setattr(near_duplicates, "_near", lambda *a: compared.append(a[1].shape[1]) or near(*a))
    count = 8000
    bits = np.random.default_rng(0).random((count, HASH_BITS)) < 0.5
    bits[-100:] = bits[:100]
    bits[-100:, :DEFAULT_DISTANCE] ^= True
    found = near_duplicates.find_near_duplicates([pack(row) for row in bits], DEFAULT_DISTANCE)
    assert found == [[index, count - 100 + index] for index in range(100)]
    # 13 bands of 11 bits: 13 pairs in 2^11, and as many again for luck.
    assert sum(compared) < 2 * 13 / 2**11 * count**2 / 2
