"""The peer of the preprocessing job: a plain loop with Pillow, as one would write it for a clean folder.

The same work for each scan as the job's (decode, crop the right square, resize by Lanczos, encode with the same zlib
strategy, hash, count the grey levels, frame the record), without its checks, splits, statistics and files.
"""

import argparse
import hashlib
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_thyroid.data.records.examples import encode_example, write_record


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes every scan of a folder into one TFRecord file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    flags = parser.parse_args(arguments)
    size = flags.image_size
    levels = np.zeros(256, np.int64)
    with open(flags.output, "wb") as file:
        for path in sorted(flags.input.iterdir()):
            image = Image.open(path).convert("L")
            side = min(image.size)
            left, top = image.width - side, (image.height - side) // 2
            image = image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS)
            encoded = io.BytesIO()
            image.save(encoded, "PNG", compress_type=zlib.Z_RLE)
            levels += image.histogram()
            digest = hashlib.sha256(image.tobytes()).hexdigest()
            name = hashlib.sha256(path.name.encode()).hexdigest()
            group = hashlib.sha256(path.name.partition("_")[0].encode()).hexdigest()
            record = encode_example(
                encoded.getvalue(), height=size, width=size, source_id=name, group_id=group, sha256=digest
            )
            write_record(file, record)
    return 0


if __name__ == "__main__":
    main()
