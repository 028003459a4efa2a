"""Frames of every way of storing them, made by other means than the reader's, and what each is to look like."""

import dataclasses
import io
import itertools

import numpy as np
from PIL import Image
from pydicom.encaps import encapsulate

from tests.data import dicom_maker as maker

NATIVE = (maker.IMPLICIT, maker.LITTLE, maker.BIG)
LOSSY_JPEG = (maker.JPEG, maker.EXTENDED)
LOSSLESS_JPEG = (maker.JPEG_LOSSLESS, maker.JPEG_LOSSLESS_SV1)
JPEG_LS = (maker.LS, maker.LS_NEAR)
JPEG_2000 = (maker.JPEG_2000, maker.JPEG_2000_LOSSY)
HIGH_THROUGHPUT = (maker.HIGH_THROUGHPUT, maker.HIGH_THROUGHPUT_RPCL, maker.HIGH_THROUGHPUT_ANY)
SYNTAXES = (*NATIVE, maker.RLE, *LOSSY_JPEG, *LOSSLESS_JPEG, *JPEG_LS, *JPEG_2000, *HIGH_THROUGHPUT)
LOSSY = (*LOSSY_JPEG, maker.LS_NEAR, maker.JPEG_2000_LOSSY)
YBR = ("YBR_FULL", "YBR_FULL_422")
TRANSFORMED = ("YBR_ICT", "YBR_RCT")
PHOTOMETRIC = ("MONOCHROME2", "MONOCHROME1", "PALETTE COLOR", "RGB", *YBR, *TRANSFORMED)


@dataclasses.dataclass(frozen=True)
class Case:
    """A way of storing frames; `marked`: whether a JPEG stream says what its colours are; `padding`: zeros after it."""

    syntax: str
    photometric: str
    depth: tuple[int, int, int] = (8, 8, 7)  # bits allocated, bits stored, high bit
    size: tuple[int, int] = (32, 48)
    planar: int = 0
    subsampled: bool = True
    frames: int = 1
    padding: int = 0
    marked: bool = True
    vr: str = "OB"

    @property
    def is_native(self):
        return self.syntax in NATIVE

    @property
    def is_lossy(self):
        return self.syntax in LOSSY or (self.syntax, self.photometric) == (maker.HIGH_THROUGHPUT_ANY, "YBR_ICT")

    @property
    def is_colour(self):
        return self.photometric in ("RGB", *YBR, *TRANSFORMED)

    @property
    def shares_colour(self):
        """Whether neighbours share their colour samples in the file."""
        return self.photometric == "YBR_FULL_422" and self.subsampled and (self.is_native or self.syntax in LOSSY_JPEG)

    def exists(self):
        """Whether a file can be stored so, and each choice makes a difference."""
        allocated, stored, high = self.depth
        depths = {maker.JPEG: [(8, 8)], maker.EXTENDED: [(8, 8), (16, 12)]}
        return not (
            (high != stored - 1 and not (self.is_native or self.syntax == maker.RLE))
            or (stored < 8 and not (self.is_native or self.syntax == maker.RLE))
            or (self.syntax in depths and (allocated, stored) not in depths[self.syntax])
            or (self.photometric == "PALETTE COLOR" and (stored > 12 or self.syntax in (*LOSSY, HIGH_THROUGHPUT[2])))
            or (self.photometric in TRANSFORMED and self.syntax not in (*JPEG_2000, *HIGH_THROUGHPUT))
            or (self.planar and not self.is_colour)
            or (self.planar and self.is_native and self.shares_colour)
            or (not self.subsampled and self.photometric != "YBR_FULL_422")
            or (self.padding and (self.is_native or self.syntax == maker.RLE))
            or (not self.marked and (self.syntax not in LOSSY_JPEG or not self.is_colour))
            or (self.vr == "OW" and not (self.is_native and allocated == 8))
        )


def stored_samples(case):
    """What is to be stored, unsigned `[N, H, W]` or `[N, H, W, 3]`: ramps, with speckle where nothing is lost."""
    rows, columns = (np.linspace(0, 1, length) for length in case.size)
    down, across = np.meshgrid(rows, columns, indexing="ij")
    frames = []
    for frame in range(case.frames):
        light = (0.2 + 0.6 * down) / (frame + 1)
        red, blue = 0.25 * across - 0.1, 0.2 - 0.25 * down
        frames.append(np.stack([light + red, light, light + blue], axis=-1))
    rgb = np.clip(np.stack(frames), 0, 1)
    if not case.is_lossy:
        rgb = np.clip(rgb + np.random.default_rng(0).normal(0, 0.05, rgb.shape), 0, 1)
    largest = 2 ** case.depth[1] - 1
    dtype = np.uint8 if case.depth[0] == 8 else np.uint16
    if not case.is_colour:
        return np.rint(rgb[..., 1] * largest).astype(dtype)
    if case.photometric not in YBR:
        return np.rint(rgb * largest).astype(dtype)
    samples = np.rint(np.clip(ybr(rgb * largest, largest), 0, largest)).astype(dtype)
    if case.shares_colour and case.is_native:
        samples[..., 1:] = np.repeat(samples[:, :, ::2, 1:], 2, axis=2)[:, :, : case.size[1]]
    return samples


def ybr(rgb, largest):
    """YCbCr by ITU-R 601 of RGB in [0, largest]."""
    red, green, blue = np.moveaxis(rgb.astype(float), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    middle = (largest + 1) / 2
    return np.stack([luma, middle + (blue - luma) / 1.772, middle + (red - luma) / 1.402], axis=-1)


def expected_grey(case, samples):
    """The grey levels `[N, H, W]` that stored samples stand for, floating point: by the standard, without rounding."""
    largest = 2 ** case.depth[1] - 1
    if not case.is_colour and case.photometric != "PALETTE COLOR":
        grey = samples * (255 / largest)
        return 255 - grey if case.photometric == "MONOCHROME1" else grey
    rgb = (
        samples * (255 / largest)
        if case.is_colour
        else np.stack([entry[samples] for entry in palette(case)], -1) // 256
    )
    if case.photometric in YBR:
        luma, blue, red = np.moveaxis(samples.astype(float), -1, 0)
        blue, red = (colour - (largest + 1) / 2 for colour in (blue, red))
        green = luma - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587
        rgb = np.clip(np.stack([luma + 1.402 * red, green, luma + 1.772 * blue], -1), 0, largest) * (255 / largest)
    return rgb @ [0.299, 0.587, 0.114]


def palette(case):
    """Red, green and blue of each number, 16 bits."""
    ramp = np.linspace(0, 65535, 2 ** case.depth[1]).astype(np.uint16)
    return ramp, ramp[::-1], ramp


def stored_file(case, samples):
    """The bytes of a DICOM file."""
    data = maker.header(samples, case.photometric, case.depth[1], "patient-7")
    data.HighBit = case.depth[2]
    if case.is_colour:
        data.PlanarConfiguration = case.planar
    if case.photometric == "PALETTE COLOR":
        for name, entries in zip(("Red", "Green", "Blue"), palette(case), strict=True):
            setattr(data, f"{name}PaletteColorLookupTableDescriptor", [len(entries), 0, 16])
            order = ">u2" if case.syntax == maker.BIG else "<u2"
            setattr(data, f"{name}PaletteColorLookupTableData", entries.astype(order).tobytes())
    if case.is_native:
        content = b"".join(native(case, frame) for frame in samples)
        content += b"\0" * (len(content) % 2)
        if case.vr == "OW" and case.syntax == maker.BIG:
            content = np.frombuffer(content, np.uint16).byteswap().tobytes()
        return maker.file_bytes(data, content, case.syntax, case.vr if case.depth[0] == 8 else "OW")
    packed = [compressed(case, frame) + b"\0" * case.padding for frame in samples]
    return maker.file_bytes(data, encapsulate(packed), case.syntax, "OB")


def native(case, frame):
    allocated, stored, high = case.depth
    frame = frame << (high + 1 - stored)
    if case.shares_colour:
        even = np.concatenate([frame, frame[:, -1:]], axis=1) if frame.shape[1] % 2 else frame
        frame = np.stack([even[:, ::2, 0], even[:, 1::2, 0], even[:, ::2, 1], even[:, ::2, 2]], axis=-1)
    elif case.planar:
        frame = np.moveaxis(frame, -1, 0)
    return frame.astype(frame.dtype.newbyteorder(">" if case.syntax == maker.BIG else "<")).tobytes()


def compressed(case, frame):
    import imagecodecs

    allocated, stored, high = case.depth
    space = "GRAYSCALE" if frame.ndim == 2 else "YCBCR" if case.photometric in YBR else "RGB"
    if case.syntax == maker.RLE:
        return run_lengths(frame << (high + 1 - stored))
    if case.syntax in LOSSY_JPEG:
        sampling = 1 if case.shares_colour else 0
        if allocated == 8:
            buffer = io.BytesIO()
            mode = {"GRAYSCALE": "L", "YCBCR": "YCbCr", "RGB": "RGB"}[space]
            image = Image.frombytes(mode, frame.shape[1::-1], frame.tobytes())
            image.save(buffer, "JPEG", quality=98, subsampling=sampling, keep_rgb=True)
            stream = buffer.getvalue()
        else:
            stream = imagecodecs.jpeg8_encode(
                frame,
                level=98,
                bitspersample=12,
                colorspace=space,
                outcolorspace=space,
                subsampling=["444", "422"][sampling],
            )
        return stream if case.marked else without_markers(stream)
    if case.syntax in LOSSLESS_JPEG:
        stream = imagecodecs.jpeg8_encode(frame, lossless=True, bitspersample=stored, predictor=1)  # colour as RGB
        return without_markers(stream) if space == "YCBCR" else stream
    if case.syntax in JPEG_LS:
        return imagecodecs.jpegls_encode(frame, level=2 if case.syntax == maker.LS_NEAR else 0)
    if case.syntax in HIGH_THROUGHPUT:
        return maker.high_throughput(frame, reversible=not case.is_lossy, rgb=space == "RGB")
    level = 75 if case.syntax == maker.JPEG_2000_LOSSY else 0
    options = {"bitspersample": stored, "mct": space == "RGB", "reversible": level == 0}
    return imagecodecs.jpeg2k_encode(frame, level=level, codecformat="j2k", **options)


def run_lengths(frame):
    """RLE of DICOM (PS3.5 G) without any runs: a segment for each byte of each sample, the high byte first."""
    planes = [frame] if frame.ndim == 2 else np.moveaxis(frame, -1, 0)
    segments = []
    for plane in planes:
        for byte in np.moveaxis(plane.astype(plane.dtype.newbyteorder(">"))[..., None].view(np.uint8), -1, 0):
            content = b"".join(
                bytes([len(part) - 1]) + part
                for row in byte
                for part in (row[start : start + 128].tobytes() for start in range(0, len(row), 128))
            )
            segments.append(content + b"\0" * (len(content) % 2))
    starts = itertools.accumulate((len(segment) for segment in segments[:-1]), initial=64)
    table = b"".join(number.to_bytes(4, "little") for number in (len(segments), *starts))
    return table.ljust(64, b"\0") + b"".join(segments)


def without_markers(stream):
    """A JPEG stream without JFIF's and Adobe's markers, as scanners write it, and with components of plain numbers."""
    for marker in (b"\xff\xe0", b"\xff\xee"):
        start = stream.find(marker, 0, 64)
        if start > 0:
            stream = stream[:start] + stream[start + 2 + int.from_bytes(stream[start + 2 : start + 4], "big") :]
    frame = next(stream.index(marker) for marker in (b"\xff\xc0", b"\xff\xc1", b"\xff\xc3") if marker in stream)
    scan = stream.index(b"\xff\xda")
    numbered = bytearray(stream)
    for index in range(3):
        numbered[frame + 10 + 3 * index] = numbered[scan + 5 + 2 * index] = index + 1
    return bytes(numbered)
