"""Run lengths, and JPEG of the kinds that Pillow does not read (lossless, 12 bits, JPEG-LS), as a plugin of pydicom.

They are decoded by `imagecodecs`, which brings libjpeg-turbo and CharLS. Of the decoders that pydicom knows itself,
pylibjpeg-libjpeg is under the GPL, GDCM ends the process at some damaged frames, and pylibjpeg-rle panics at some,
which no `except Exception` holds.
"""

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

PLUGIN = "imagecodecs"

_RUN_LENGTHS = "1.2.840.10008.1.2.5"
_EXTENDED, _LOSSLESS, _LOSSLESS_FIRST_ORDER, _LS_LOSSLESS, _LS_NEAR_LOSSLESS = (
    f"1.2.840.10008.1.2.4.{number}" for number in (51, 57, 70, 80, 81)
)
_LS = (_LS_LOSSLESS, _LS_NEAR_LOSSLESS)
# What pydicom asks of a plugin: the syntaxes that it reads, and what must be installed for each.
DECODER_DEPENDENCIES = {
    syntax: ("imagecodecs>=2024.6.1",) for syntax in (_RUN_LENGTHS, _EXTENDED, _LOSSLESS, _LOSSLESS_FIRST_ORDER, *_LS)
}


def is_available(syntax: str) -> bool:
    """Whether this plugin reads a transfer syntax, for pydicom."""
    return syntax in DECODER_DEPENDENCIES and importlib.util.find_spec("imagecodecs") is not None


def add_to_pydicom() -> None:
    """Let pydicom's decoders use this plugin; any number of times."""
    from pydicom.pixels import get_decoder

    for syntax in DECODER_DEPENDENCIES:
        decoder = get_decoder(syntax)
        if PLUGIN not in decoder.available_plugins and is_available(syntax):
            decoder.add_plugin(PLUGIN, (__name__, decode_frame.__name__))


def decode_frame(frame: bytes, runner: "DecodeRunner") -> bytes | bytearray:
    """The samples of a frame, as pydicom asks them of a plugin: in the colour space of the file."""
    import imagecodecs

    if runner.transfer_syntax == _RUN_LENGTHS:
        runner.set_option("planar_configuration", 1)
        # The length that is stated bounds what a few bytes may unpack to.
        length = int(runner.frame_length(unit="bytes"))
        return imagecodecs.dicomrle_decode(frame, f"u{runner.bits_allocated // 8}", out=length)
    array = (imagecodecs.jpegls_decode if runner.transfer_syntax in _LS else imagecodecs.jpeg8_decode)(frame)
    runner.set_option("planar_configuration", 0)
    runner.set_option("bits_allocated", 8 * array.itemsize)
    return array.tobytes()
