import numpy as np
import pytest

from pipeline.preprocessing.prepare.prepare_scans import histogram
from pipeline.preprocessing.write.split_statistics import looks_like_mask
from tfgan_thyroid.data import preprocessing


def square(white, size=512):
    mask = np.zeros((size, size), np.uint8)
    mask[size // 4 : size // 2, size // 8 : size // 2] = white
    return mask


@pytest.mark.parametrize("white", [255, 1, 3])
def test_masks_that_were_resized_as_scans_are_noticed(white):
    assert looks_like_mask(histogram(preprocessing.resize(square(white), 64)))


@pytest.mark.parametrize("dark", [0.0, 0.5, 0.95])
def test_speckle_is_no_mask_however_much_of_it_is_black(dark):
    speckle = np.random.default_rng(0).rayleigh(60, (64, 64)).clip(0, 255).astype(np.uint8)
    speckle[: round(dark * 64)] = 0
    assert not looks_like_mask(histogram(speckle))
