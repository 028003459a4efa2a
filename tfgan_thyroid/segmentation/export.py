"""A U-Net as a SavedModel version that TF Serving picks up: it appears whole, by one rename."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_thyroid.runs.generator_weights import weights_digest
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.segmentation.model import THRESHOLD, SegmentationModel
from tfgan_thyroid.segmentation.record import read_record
from tfgan_thyroid.serving.export.comparison import Expected, noise
from tfgan_thyroid.serving.export.signatures import decode_png_files, encode_png_files, trace
from tfgan_thyroid.serving.export.version import publish

WARM_UP_BATCHES = (1, 8)

_CARD = """# U-Net of thyroid ultrasound scans

| | |
|---|---|
| model | U-Net, {image_size}x{image_size} pixels, width {width} |
| learnt from | {labelled} labelled scans and {generated} generated pairs, augmentation: {augmentation} |
| trained for | {epoch} epochs of batch {batch_size}, loss {loss} |
| model digest | `{model_digest}` |
| data digest | `{dataset_digest}` |
| made with | tfgan-thyroid {package_version}, TensorFlow {tensorflow}, Keras {keras} |
| licence | the code is Apache-2.0; the weights follow the terms of the data that they were trained on |

Signature `serving_default`: `image_bytes` PNG strings `[N]`, {image_size}x{image_size} pixels -> `mask_bytes` PNG
strings `[N]` of 0 and 255, `probability` float32 `[N, {image_size}, {image_size}, 1]` in [0, 1].

{scores}

**For** comparing training sets in segmentation research. **Not for** diagnosis.
"""


class SegmentationSignatures:
    """Masks of preprocessed scans."""

    def __init__(self, model: SegmentationModel) -> None:
        self.model = model
        self.image_shape = model.unet.input_shape[1:]

    def serving_default(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """The masks of 8-bit PNG files of the model's size, strings `[N]`.

        Returns:
            `mask_bytes`: strings `[N]`, 8-bit PNG of 0 and 255; `probability`: float32 `[N, H, W, 1]` in [0, 1].
        """
        probability = self.model(decode_png_files(image_bytes, self.image_shape))
        masks = tf.cast(tf.where(probability >= THRESHOLD, 255, 0), tf.uint8)
        return {"mask_bytes": encode_png_files(masks), "probability": probability}


def export_unet(run: RunDirectory, model: SegmentationModel, output: Path) -> Path:
    """Exports a trained U-Net as the next version under `output`; returns the version's directory.

    Raises:
        UserError: the file system refused the files, or the exported form computes another function than the network.
    """
    functions = {
        "serving_default": trace(SegmentationSignatures(model).serving_default, image_bytes=([None], tf.string))
    }
    images, files = noise(model.unet.input_shape[1:])
    warm_up = [("serving_default", {"image_bytes": np.resize(files, n)}) for n in WARM_UP_BATCHES]
    probability = tf.sigmoid(model.unet(images, training=False)).numpy()
    expected = [Expected("serving_default", {"image_bytes": files}, "probability", probability)]
    card = _card(run, model)
    dtype = model.config.precision.removeprefix("mixed_")
    return publish(output, functions, warm_up, expected, card, _card_text(card), dtype)


def _card(run: RunDirectory, model: SegmentationModel) -> dict[str, Any]:
    """What the card holds, which names no path and no scan."""
    record = read_record(run)
    summary_file = run.path / "summary.json"
    scores = json.loads(summary_file.read_text())["image_mean"] if summary_file.exists() else None
    return {
        "kind": "unet",
        "model_digest": weights_digest(model.unet),
        "epoch": model.epoch,
        "config": dataclasses.asdict(record.config),
        "labelled": len(record.labelled_ids),
        "generated": record.synthetic_count,
        "dataset_digest": record.dataset_digest,
        "synthetic_digest": record.synthetic_digest,
        "stack": record.stack,
        "package_version": record.package_version,
        "signatures": ["serving_default"],
        "scores": scores,
    }


def _card_text(card: dict[str, Any]) -> str:
    scores = ", ".join(f"{name} {'-' if v is None else f'{v:.4f}'}" for name, v in (card["scores"] or {}).items())
    told = f"Scores on the test split, mean over its images: {scores}." if scores else "It was not scored."
    return _CARD.format(**{**card, **card["config"], **card["stack"], "scores": told})
