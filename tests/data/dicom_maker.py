"""DICOM files for the tests, of every kind that ultrasound scanners write."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    UltrasoundImageStorage,
)

LITTLE, JPEG, JPEG_2000, RLE = ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEG2000Lossless, RLELossless
IMPLICIT, BIG, EXTENDED = ImplicitVRLittleEndian, ExplicitVRBigEndian, JPEGExtended12Bit
JPEG_LOSSLESS, JPEG_LOSSLESS_SV1, LS, LS_NEAR = JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless
JPEG_2000_LOSSY, HIGH_THROUGHPUT, HIGH_THROUGHPUT_RPCL = JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL
HIGH_THROUGHPUT_ANY = HTJ2K


def jpeg(pixels, **options):
    """One frame of grey or YBR_FULL_422 pixels, as a scanner packs it; colour comes in as RGB."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def compress(pixels, syntax, bits):
    """One frame, as other programs than the ones that will read it pack it."""
    import imagecodecs

    if syntax == EXTENDED:
        return imagecodecs.jpeg8_encode(pixels, level=98, bitspersample=bits)
    if syntax in (JPEG_LOSSLESS, JPEG_LOSSLESS_SV1):
        return imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=bits)
    if syntax in (LS, LS_NEAR):
        return imagecodecs.jpegls_encode(pixels, level=2 if syntax == LS_NEAR else 0)
    if syntax in (HIGH_THROUGHPUT, HIGH_THROUGHPUT_RPCL):
        return high_throughput(pixels)
    level = 75 if syntax == JPEG_2000_LOSSY else 0
    return imagecodecs.jpeg2k_encode(pixels, level=level, codecformat="j2k", bitspersample=bits)


def high_throughput(pixels, **options):
    """One frame of high-throughput JPEG 2000, without loss unless the options say so."""
    import imagecodecs

    if not hasattr(imagecodecs, "htj2k_encode"):
        pytest.skip("imagecodecs writes high-throughput JPEG 2000 from Python 3.11 on")
    return imagecodecs.htj2k_encode(pixels, **{"reversible": True, **options})


def header(frames, photometric, bits, patient):
    """The tags of a file of frames `[N, H, W]` or `[N, H, W, 3]`."""
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = UltrasoundImageStorage, "1.2.3.4"
    data.StudyInstanceUID = "1.2.840.1"
    data.PatientID = patient
    data.PatientName = "PLANTED^NAME"
    data.Rows, data.Columns = frames.shape[1:3]
    data.SamplesPerPixel = frames.shape[3] if frames.ndim == 4 else 1
    if data.SamplesPerPixel > 1:
        data.PlanarConfiguration = 0
    data.PhotometricInterpretation = photometric
    data.BitsAllocated = 8 * frames.itemsize
    data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits - 1, 0
    if len(frames) > 1:
        data.NumberOfFrames = len(frames)
    return data


def region(left, top, right, bottom, data_type=1):
    """An ultrasound region; `right` and `bottom` are its last pixels, as DICOM counts."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, data_type, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = left, top
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = right, bottom
    return item


def dicom_bytes(frames, photometric="MONOCHROME2", syntax=LITTLE, bits=None, patient="patient-7", **tags):
    """A DICOM file of frames `[N, H, W]`, or `[N, H, W, 3]` for colour, unsigned of 8 or 16 bits.

    Args:
        frames: the pixels as stored; for YBR_FULL_422 in JPEG, as RGB.
        photometric: what they mean.
        syntax: how they are packed.
        bits: significant bits, all of them if not given.
        patient: its identifier.
        tags: more tags, by keyword.
    """
    data = header(frames, photometric, bits or 8 * frames.itemsize, patient)
    for keyword, value in tags.items():
        setattr(data, keyword, value)
    if syntax == RLE:
        data.PixelData = frames.tobytes()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = LITTLE
        data.compress(RLE, encoding_plugin="pydicom", generate_instance_uid=False)
        return file_bytes(data, data.PixelData, RLE)
    if syntax in (LITTLE, IMPLICIT, BIG):
        order = ">" if syntax == BIG else "<"
        return file_bytes(data, frames.astype(frames.dtype.newbyteorder(order)).tobytes(), syntax)
    packed = [jpeg(frame) if syntax == JPEG else compress(frame, syntax, data.BitsStored) for frame in frames]
    return file_bytes(data, encapsulate(packed), syntax)


def file_bytes(data, pixel_data, syntax, vr=None):
    """A file of the tags `data` and of the bytes of its pixels as they are to lie in it, of the type `vr`."""
    data.PixelData = pixel_data
    data["PixelData"].VR = vr or ("OW" if data.BitsAllocated > 8 else "OB")
    data["PixelData"].is_undefined_length = syntax not in (LITTLE, IMPLICIT, BIG)
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG)
    return buffer.getvalue()


def smooth(height=32, width=48, frames=1, largest=255, dtype=np.uint8):
    """Frames of smooth ramps, which lossy compression keeps; each frame differs."""
    rows, columns = np.linspace(0, 0.6, height)[:, None], np.linspace(0, 0.4, width)
    return np.stack([((rows + columns) * largest * (frame + 1) / frames).astype(dtype) for frame in range(frames)])
