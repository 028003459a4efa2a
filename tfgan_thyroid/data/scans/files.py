"""Scans and masks on disk: to 8-bit grey pixels, or a stated reason why not, and back."""

import io
import os
import warnings
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tfgan_thyroid.data.scans.scan import MAX_FILE_BYTES, MAX_PIXELS, WHITE_LEVEL, Pixels, Scan, ScanError
from tfgan_thyroid.data.scans.sources import Source, open_source

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "IMAGE_SUFFIXES",
    "Pixels",
    "ScanError",
    "decode_grey",
    "decode_image",
    "decode_scan",
    "encode_png",
    "load_grey",
    "sixteen_bit",
]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")
_NOTE_BYTES = 2**26  # of a PNG's colour profile or text, unpacked


def load_grey(path: str | os.PathLike[str], white_level: int = WHITE_LEVEL) -> Pixels:
    """Read a PNG, JPEG, BMP or TIFF scan as it is meant to be looked at, uint8 `[H, W]`.

    Args:
        path: the file.
        white_level: the 16-bit value that means white; 4095 for 12-bit data in 16-bit files.

    Raises:
        ScanError: the file is empty, no file, not an image, truncated, damaged, unreadable, a decompression bomb, has
            several frames or a pixel format without a grey level (floating point, 32-bit).
    """
    with open_source(Source(os.fsencode(path))) as file:
        return decode_grey(file, white_level)


def decode_grey(file: BinaryIO, white_level: int) -> Pixels:
    """The grey levels of an open image file.

    The EXIF orientation is applied. Colour becomes ITU-R 601 luma, palettes are looked up, transparent pixels lie on
    black. A 16-bit grey value v becomes round(255 v / white_level), clipped: a fixed rule, not a stretch of each
    scan, so that brightness stays comparable between scans. 16-bit colour is read by its high byte, and refused if
    `white_level` asks for more.

    Raises:
        ScanError: as `load_grey`.
    """
    return decode_image(file, lambda image: _grey(image, white_level), high_byte=white_level == WHITE_LEVEL)


def decode_scan(file: BinaryIO, white_level: int) -> Scan:
    """An open image file as a scan with its colour, if it has any.

    Raises:
        ScanError: as `load_grey`.
    """
    colours: list[Pixels] = []

    def convert(image: "Image.Image") -> Pixels:
        if image.mode not in ("1", "L", "LA", "F") and not image.mode.startswith("I"):
            image = _on_black(image)
            colours.append(np.asarray(image.convert("RGB")))
        return _grey(image, white_level)

    pixels = decode_image(file, convert, high_byte=white_level == WHITE_LEVEL)
    return Scan(pixels, colour=colours[0] if colours else None)


def encode_png(image: Pixels) -> bytes:
    """Grey pixels `[H, W]` as an 8-bit PNG without metadata.

    zlib looks for runs only: on speckle that takes a half to a quarter of its usual time, for the same size.
    """
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def decode_image(file: BinaryIO, convert: "Callable[[Image.Image], Pixels]", *, high_byte: bool) -> Pixels:
    """Decode an open image file with Pillow and hand it to `convert`, with every failure turned into its reason.

    Args:
        file: at any place.
        convert: called with the decoded image.
        high_byte: whether the high byte of 16-bit colour, which is all that Pillow reads, will do.
    """
    from PIL import Image, PngImagePlugin

    PngImagePlugin.MAX_TEXT_CHUNK = _NOTE_BYTES

    length = file.seek(0, 2)
    if length > MAX_FILE_BYTES:  # a decoder may read as much for a comment
        raise ScanError("too large", f"{length} bytes; at most {MAX_FILE_BYTES} are read of an image")
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.filterwarnings("error", "Truncated File Read")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as image:
                _check_frame(image, high_byte)
                image.load()
                _turn_upright(image)
                return convert(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ScanError("decompression bomb", f"more pixels than any scan has; at most {MAX_PIXELS} are read") from None
    except Image.UnidentifiedImageError:
        raise _unidentified(file) from None
    except ScanError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise ScanError("unreadable", error.strerror or str(error)) from None
        raise _damaged(error) from None
    except Exception as error:  # Pillow's decoders let through whatever a broken file provokes
        raise _damaged(error) from None


def _check_frame(image: "Image.Image", high_byte: bool) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ScanError("decompression bomb", f"{image.width}x{image.height} pixels; at most {MAX_PIXELS} are read")
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise ScanError("several frames", f"{frames} frames in one file: export one file a frame")
    sixteen_bits = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    if sixteen_bits and not image.mode.startswith("I") and not high_byte:
        raise ScanError(
            "unsupported pixel format",
            "16-bit colour or alpha, of which only the high byte is read: export grey or 8 bit",
        )


def _turn_upright(image: "Image.Image") -> None:
    """Apply the EXIF orientation. One that cannot be read is none, as for every viewer: the picture is sound."""
    from PIL import ImageOps

    try:
        ImageOps.exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception:  # Pillow lets through whatever a broken block provokes
        return


def _on_black(image: "Image.Image") -> "Image.Image":
    """The image without transparency: what is transparent shows black."""
    from PIL import Image

    if not image.has_transparency_data:
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image.convert("RGBA"))


def _grey(image: "Image.Image", white_level: int) -> Pixels:
    """Grey levels of a decoded image."""
    if image.mode.startswith("I"):
        values = np.minimum(sixteen_bit(image).astype(np.uint32), white_level)
        if _white_is_zero(image):
            values = white_level - values
        return ((values * 255 + white_level // 2) // white_level).astype(np.uint8)
    if image.mode == "F":
        raise ScanError("unsupported pixel format", "floating point; wanted 8 or 16 bit")
    image = _on_black(image)
    if image.mode not in ("1", "L", "P", "RGB", "RGBA"):
        image = image.convert("RGB")
    return np.asarray(image.convert("L"))


def sixteen_bit(image: "Image.Image") -> np.ndarray:
    """The values of a 16-bit grey image, uint16 `[H, W]`. Older Pillows open them as 32-bit integers."""
    values = np.asarray(image)
    if image.mode == "I" and (values.min() < 0 or values.max() > WHITE_LEVEL):
        raise ScanError("unsupported pixel format", "32-bit values; wanted 8 or 16 bit")
    values = values.astype(np.uint16)
    if "transparency" in image.info:  # PNG: one value that shows black
        values[values == image.info["transparency"]] = 0
    return values


def _white_is_zero(image: "Image.Image") -> bool:
    """Whether a 16-bit TIFF counts from white down; Pillow turns only its 8-bit kin the right way up."""
    photometric_interpretation = 262
    return image.format == "TIFF" and image.tag_v2.get(photometric_interpretation) == 0  # type: ignore[attr-defined]


def _unidentified(file: BinaryIO) -> ScanError:
    file.seek(0)
    if file.read(4).startswith(_SIGNATURES):
        return ScanError("truncated", "the file ends within its header, or the header is damaged")
    return ScanError("not an image", f"no signature of {', '.join(_FORMATS)} or DICOM")


def _damaged(error: Exception) -> ScanError:
    detail = " ".join(f"{error}".split()) or type(error).__name__
    if "MAX_TEXT" in detail:
        return ScanError("decompression bomb", f"a colour profile or text of more than {_NOTE_BYTES} bytes")
    cut = isinstance(error, EOFError) or any(
        word in detail.lower() for word in ("truncated", "end of file", "not enough")
    )
    return ScanError("truncated" if cut else "damaged", detail)
