"""From the bytes of a file, whatever it is called, to the scans in it: the one place that knows all formats."""

from collections.abc import Iterator

from tfgan_thyroid.data.dicom import files as dicom_files
from tfgan_thyroid.data.scans import zip_archives
from tfgan_thyroid.data.scans.files import decode_grey, decode_scan
from tfgan_thyroid.data.scans.scan import WHITE_LEVEL, LostFrame, Scan, ScanError
from tfgan_thyroid.data.scans.sources import Source, open_source

_HEAD_BYTES = 132


def read_scans(source: Source, white_level: int = WHITE_LEVEL, colour: bool = False) -> Iterator[Scan | LostFrame]:
    """The scans of a file: one for a PNG, JPEG, BMP or TIFF image, one a frame for DICOM, if it can be decoded.

    The format is recognized by the file's first bytes, not by its name.

    Args:
        source: what to read.
        white_level: the 16-bit value that means white, see `scan_files.decode_grey` and `dicom_files.decode_frames`.
        colour: whether to keep the colour of an image file that has some; DICOM's costs nothing and is kept.
    """
    with open_source(source) as file:
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        if dicom_files.is_dicom(head):
            yield from dicom_files.decode_frames(file, white_level)
        elif head.startswith(zip_archives.SIGNATURES):
            zip_archives.list_members(source.path)
            raise ScanError("not an image", "a zip archive, or an office document, whose name does not end in .zip")
        else:
            yield decode_scan(file, white_level) if colour else Scan(decode_grey(file, white_level))
