"""Differentiable augmentation of a critic's inputs (Zhao et al. 2020, "DiffAugment"), for training on few scans.

Real and fake images go through the same random transformations on their way to the critic, in its update and in the
generator's. So the critic cannot learn the few real scans by heart, and the generator does not learn the
transformations, since both sides show them.
"""

import tensorflow as tf

from tfgan_thyroid import replicas

BRIGHTNESS = 0.5  # width of the uniform shift, in units of the [-1, 1] range
CONTRAST = 0.5  # contrast is scaled by 1 -+ this
TRANSLATION = 0.125  # largest shift, as a share of the side
CUTOUT = 0.5  # side of the square that is blanked, as a share of the image's
BLACK = -1.0


def differentiable_augmentation(images: tf.Tensor, seed: tf.Tensor, batches: int | tf.Tensor = 1) -> tf.Tensor:
    """Random brightness, contrast, translation and cutout, drawn for each image.

    Brightness and contrast change the first channel alone (a mask in a second one stays what it is); what a shift
    uncovers is black, what cutout blanks is grey, 0.

    Args:
        images: float32 `[N, H, W, C]` in [-1, 1].
        seed: int64 `[2]`: the same seed gives the same transformations.
        batches: how many batches (real, generated, ...) lie end to end in the images; it matters under replicas.

    Returns:
        float32 `[N, H, W, C]`; brightness and contrast may lead out of [-1, 1].
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 4))
    images = _change_brightness_and_contrast(images, seeds[0], seeds[1], batches)
    return _cut_out(_translate(images, seeds[2], batches), seeds[3], batches)


def _change_brightness_and_contrast(
    images: tf.Tensor, brightness_seed: tf.Tensor, contrast_seed: tf.Tensor, batches: int | tf.Tensor = 1
) -> tf.Tensor:
    shape = [_examples(images), 1, 1, 1]
    shift, scale = (
        replicas.own_examples(tf.random.stateless_uniform(shape, seed, -1.0, 1.0), batches)
        for seed in (brightness_seed, contrast_seed)
    )
    shift, scale = BRIGHTNESS * shift, 1.0 + CONTRAST * scale
    scan, rest = images[..., :1], images[..., 1:]
    scan = scan + shift
    mean = tf.reduce_mean(scan, axis=[1, 2], keepdims=True)
    return tf.concat([(scan - mean) * scale + mean, rest], axis=-1)


def _translate(images: tf.Tensor, seed: tf.Tensor, batches: int | tf.Tensor = 1) -> tf.Tensor:
    """Shifts by matrix products with shifted identities, whose gradient is as cheap as they are."""
    size = images.shape[1]
    reach = round(size * TRANSLATION)
    shifts = tf.random.stateless_uniform([2, _examples(images)], seed, -reach, reach + 1, dtype=tf.int32)
    positions = tf.range(size)
    rows, columns = (
        tf.cast(positions[None, :, None] - shift[:, None, None] == positions[None, None, :], images.dtype)
        for shift in _own(shifts, batches)
    )
    return tf.einsum("nyh,nhwc,nxw->nyxc", rows, images - BLACK, columns, optimize="optimal") + BLACK


def _cut_out(images: tf.Tensor, seed: tf.Tensor, batches: int | tf.Tensor = 1) -> tf.Tensor:
    size = images.shape[1]
    half = round(size * CUTOUT / 2)
    centers = tf.random.stateless_uniform([2, _examples(images)], seed, 0, size, dtype=tf.int32)
    rows, columns = (
        tf.abs(2 * (tf.range(size)[None, :] - center[:, None]) + 1) < 2 * half for center in _own(centers, batches)
    )
    blanked = rows[:, :, None, None] & columns[:, None, :, None]
    return tf.where(blanked, tf.zeros_like(images), images)


def _examples(images: tf.Tensor) -> tf.Tensor:
    """How many examples to draw for: those of the global batch."""
    return tf.shape(images)[0] * replicas.count()


def _own(draws: tf.Tensor, batches: int | tf.Tensor) -> list[tf.Tensor]:
    """This replica's part of each row of draws `[rows, examples]`."""
    return [replicas.own_examples(row, batches) for row in tf.unstack(draws)]
