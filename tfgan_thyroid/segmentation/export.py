"""A U-Net as a SavedModel version that TF Serving picks up: it appears whole, by one rename."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_thyroid.data.preprocessing import scale_to_unit_range
from tfgan_thyroid.runs.generator_weights import model_digest
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.segmentation.model import THRESHOLD, SegmentationModel
from tfgan_thyroid.segmentation.record import read_record
from tfgan_thyroid.serving.export.comparison import Expected
from tfgan_thyroid.serving.export.version import Servable, publish, trace

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

        def image(png: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(tf.io.decode_png(png, channels=self.image_shape[-1]), self.image_shape)

        levels = tf.map_fn(image, image_bytes, fn_output_signature=tf.TensorSpec(self.image_shape, tf.uint8))
        probability = self.model(scale_to_unit_range(tf.cast(levels, tf.float32)))
        masks = tf.cast(tf.where(probability >= THRESHOLD, 255, 0), tf.uint8)
        mask_bytes = tf.map_fn(tf.io.encode_png, masks, fn_output_signature=tf.TensorSpec([], tf.string))
        return {"mask_bytes": mask_bytes, "probability": probability}

    @property
    def image_bytes_spec(self) -> tf.TensorSpec:
        """Of the input."""
        return tf.TensorSpec([None], tf.string, name="image_bytes")


def export_unet(run: RunDirectory, model: SegmentationModel, output: Path) -> Path:
    """Exports a trained U-Net as the next version under `output`; returns the version's directory.

    Raises:
        UserError: the file system refused the files, or the exported form computes another function than the network.
    """
    offered = SegmentationSignatures(model)
    functions = {"serving_default": trace(offered.serving_default, offered.image_bytes_spec)}
    black = tf.io.encode_png(tf.zeros(offered.image_shape, tf.uint8)).numpy()
    requests = [("serving_default", {"image_bytes": np.array([black] * n, object)}) for n in WARM_UP_BATCHES]
    servable = Servable(functions, requests, [_expected(model)], model.config.precision.removeprefix("mixed_"))
    return publish(output, servable, lambda directory: _write_card(directory, run, model))


def _expected(model: SegmentationModel) -> Expected:
    """The probabilities that the U-Net itself gives two images of noise."""
    noise = tf.random.stateless_uniform([2, *model.unet.input_shape[1:]], [0, 0], 0, 256, tf.int32)
    logits = model.unet(scale_to_unit_range(tf.cast(noise, tf.float32)), training=False)
    files = np.array([tf.io.encode_png(image).numpy() for image in tf.cast(noise, tf.uint8)], object)
    return Expected("serving_default", {"image_bytes": files}, "probability", tf.sigmoid(logits).numpy())


def _write_card(directory: Path, run: RunDirectory, model: SegmentationModel) -> None:
    """Writes `model_card.json` and `model_card.md`, which name no path and no scan."""
    record = read_record(run)
    summary_file = run.path / "summary.json"
    scores = json.loads(summary_file.read_text())["image_mean"] if summary_file.exists() else None
    card = {
        "kind": "unet",
        "model_digest": model_digest(model.unet),
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
    (directory / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
    described = ", ".join(
        f"{name} {'-' if value is None else f'{value:.4f}'}" for name, value in (scores or {}).items()
    )
    described = f"Scores on the test split, mean over its images: {described}." if scores else "It was not scored."
    fields = {**card, **dataclasses.asdict(record.config), **record.stack, "scores": described}
    text = _CARD.format(**fields)
    (directory / "model_card.md").write_text(text, encoding="utf-8")
