"""From the bytes of a DICOM frame to its samples, in the colours that are stored.

The decoders are those of `imagecodecs`, which brings libjpeg-turbo, CharLS and OpenJPEG. pydicom's own plugins are left
aside: pylibjpeg-libjpeg is under the GPL, GDCM ends the process at some damaged frames, pylibjpeg-rle panics at some,
which no `except Exception` holds, and which of them decodes would depend on what else is installed.
"""

import dataclasses

import numpy as np

from tfgan_thyroid.data.dicom.layout import GREY, JPEG, JPEG_2000, JPEG_2000_COLOURS, JPEG_LS, RLE, YBR, Layout
from tfgan_thyroid.data.dicom.streams import Stream, read_stream, strip_stream
from tfgan_thyroid.data.scans.scan import ScanError


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """A decoded frame."""

    values: np.ndarray  # unsigned integers `[H, W]`, or `[H, W, 3]` for colour
    bits: int  # significant bits of a value
    photometric: str  # "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB" or "YBR_FULL"


def decode_native(data: bytes, layout: Layout) -> Samples:
    """An uncompressed frame; whether its colour is subsampled, its length tells."""
    values = np.frombuffer(data, layout.dtype)
    if layout.photometric == "YBR_FULL_422" and len(data) == layout.subsampled_bytes:
        pairs = values.reshape(layout.rows, -1, 4)  # Y Y Cb Cr
        luma = pairs[..., :2].reshape(layout.rows, -1, 1)
        values = np.concatenate([luma, np.repeat(pairs[..., 2:], 2, axis=1)], axis=-1)[:, : layout.columns]
    else:
        values = _arrange(values, layout, layout.planar)
    return Samples(_significant(values, layout), layout.bits, _plain(layout.photometric))


def decode_compressed(frame: bytes, layout: Layout) -> Samples:
    """A compressed frame, after a look at what it says of itself: a decoder would believe it and take the memory.

    Where header and stream disagree on whether there is colour, or on what its samples are, the stream is right (PS3.5
    8.2), if it says so at all.
    """
    frame = strip_stream(frame, layout)
    stream = read_stream(frame, layout)
    photometric = _stored_photometric(stream, layout)
    if (stream.columns, stream.rows) != (layout.columns, layout.rows):
        stated = f"{layout.columns}x{layout.rows}"
        raise ScanError("damaged", f"a frame of {stream.columns}x{stream.rows} pixels; the header says {stated}")
    if stream.bits > layout.allocated:
        raise ScanError("damaged", f"a frame of {stream.bits} bits; the header says {layout.allocated}")
    try:
        values = _decode(frame, dataclasses.replace(layout, samples=stream.samples))
    except Exception:  # the decoders let through whatever a broken frame provokes
        raise ScanError("damaged", "a frame cannot be decoded") from None
    return Samples(values, min(layout.bits, stream.bits), photometric)


def _stored_photometric(stream: Stream, layout: Layout) -> str:
    """What the samples of a stream mean."""
    stated = layout.photometric
    if stream.samples == 1:
        return stated if layout.samples == 1 else GREY[1]
    if stream.samples != layout.samples:
        raise ScanError("damaged", f"a frame of {stream.samples} samples a pixel; the header says {layout.samples}")
    if layout.syntax not in JPEG_2000:
        return stream.colour or _plain(stated)
    if stated != "RGB" and (stated in JPEG_2000_COLOURS) != (stream.colour == "RGB"):
        raise ScanError("damaged", f"the header says {stated}, and the frame's colour transformation denies it")
    return _plain(stated)


def _decode(frame: bytes, layout: Layout) -> np.ndarray:
    import imagecodecs

    if layout.syntax == RLE:
        # The length that is stated bounds what a few bytes may unpack to.
        unpacked = imagecodecs.dicomrle_decode(frame, f"<u{layout.allocated // 8}", out=layout.pixel_bytes)
        values = _arrange(np.frombuffer(unpacked, f"<u{layout.allocated // 8}"), layout, planar=True)
        return _significant(values, layout)
    if layout.syntax in JPEG:  # the same space in and out, whatever it is called, so that nothing is converted
        space = "GRAYSCALE" if layout.samples == 1 else "YCBCR"
        values = imagecodecs.jpeg8_decode(frame, colorspace=space, outcolorspace=space)
    elif layout.syntax in JPEG_LS:
        values = imagecodecs.jpegls_decode(frame)
    else:
        values = imagecodecs.jpeg2k_decode(frame)
    return values.reshape(layout.rows, layout.columns, layout.samples).squeeze(-1) if layout.samples == 1 else values


def _arrange(values: np.ndarray, layout: Layout, planar: bool) -> np.ndarray:
    """Values in the order of the file as `[H, W]` or `[H, W, 3]`."""
    if layout.samples == 1:
        return values.reshape(layout.rows, layout.columns)
    if planar:
        return values.reshape(layout.samples, layout.rows, layout.columns).transpose(1, 2, 0)
    return values.reshape(layout.rows, layout.columns, layout.samples)


def _significant(values: np.ndarray, layout: Layout) -> np.ndarray:
    """Without the bits around those that are stored."""
    if layout.bits == layout.allocated:
        return values
    return (values >> layout.shift) & (2**layout.bits - 1)


def _plain(photometric: str) -> str:
    """What samples mean once they are decoded."""
    if photometric in YBR:
        return "YBR_FULL"
    return "RGB" if photometric in JPEG_2000_COLOURS else photometric
