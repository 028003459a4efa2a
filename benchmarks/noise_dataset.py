"""A data set of noise, whose PNG files are the largest that there are."""

import hashlib
import io
from pathlib import Path

SHARDS = 4


def write_noise(dataset: Path, scans: int, image_size: int) -> None:
    """Writes a dataset directory with nothing but a train split."""
    import numpy as np
    from PIL import Image

    from tfgan_thyroid.data.records import schema
    from tfgan_thyroid.data.records.examples import encode_example, write_record

    rng = np.random.default_rng(0)
    folder = schema.split_directory(dataset, "train")
    folder.mkdir(parents=True)
    for shard in range(SHARDS):
        with open(folder / schema.shard_name(shard, SHARDS), "wb") as file:
            for _ in range(shard, scans, SHARDS):
                pixels = rng.integers(0, 256, (image_size, image_size), np.uint8)
                png = io.BytesIO()
                Image.fromarray(pixels).save(png, "PNG")
                name = hashlib.sha256(pixels.tobytes()).hexdigest()
                example = encode_example(
                    png.getvalue(), height=image_size, width=image_size, source_id=name, group_id=name, sha256=name
                )
                write_record(file, example)
    counts = {"train": scans, "eval": 0, "test": 0}
    schema.DatasetInfo(
        schema.SCHEMA_VERSION, counts, image_size, 1, False, "none", "lanczos", 0, "file", "0", "noise"
    ).save(dataset)
