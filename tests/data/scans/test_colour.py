import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.data.scans.reader import read_scans
from tfgan_thyroid.data.scans.sources import Source


@pytest.mark.parametrize(("mode", "kept"), [("L", False), ("I;16", False), ("RGB", True), ("P", True), ("RGBA", True)])
def test_colour_is_kept_where_the_file_has_some_and_it_is_asked_for(tmp_path, mode, kept):
    rgb = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    if mode == "I;16":
        image = Image.fromarray(rgb[..., 0].astype(np.uint16) * 256)
    else:
        image = Image.fromarray(rgb).convert(mode)
    image.save(tmp_path / "scan.png")
    source = Source(bytes(tmp_path / "scan.png"))
    (plain,), (coloured,) = read_scans(source), read_scans(source, colour=True)
    np.testing.assert_array_equal(plain.pixels, coloured.pixels)
    assert plain.colour is None
    assert (coloured.colour is not None) == kept
    if mode == "RGB":
        np.testing.assert_array_equal(coloured.colour, rgb)
