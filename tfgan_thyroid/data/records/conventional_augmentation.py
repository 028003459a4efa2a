"""Conventional augmentation of an image with its mask: flip, rotation, resize and elastic distortion.

The four are one map of coordinates, so that each pixel is interpolated once, and image and mask move together. Every
number is drawn from the example's seed alone. Strengths follow common practice for ultrasound (moderate rotation, no
flip upside down, since the probe is always above) and Ronneberger et al. (2015) for the elastic part.
"""

import math

import tensorflow as tf

LARGEST_ROTATION = math.radians(15.0)
LARGEST_ZOOM = 1.2
"""An image is resized by a factor between its reciprocal and this, evenly in the logarithm."""
ELASTIC_GRID = 3
"""Points along a side whose displacements are drawn; smooth (bicubic) in between."""
ELASTIC_DEVIATION = 10.0 / 512.0
"""Standard deviation of a displacement, as a share of the side: 10 pixels of 512."""


def augment(image: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """An image and its mask, moved together.

    Args:
        image: float32 `[H, W, C]`, interpolated bilinearly.
        mask: float32 `[H, W, 1]`; a pixel of the result is the nearest one of it.
        seed: int64 `[2]`; the result is a pure function of it.

    Returns:
        Both, of the same shapes. What lies outside is mirrored in.
    """
    coordinates = draw_coordinates(int(image.shape[0]), int(image.shape[1]), seed)
    return sample_bilinear(image, coordinates), sample_nearest(mask, coordinates)


def draw_coordinates(height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    """Where each pixel of the result is taken from: float32 `[height, width, 2]`, rows and columns of the source."""
    affine_seed, elastic_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    flip, turn, zoom = tf.unstack(tf.random.stateless_uniform([3], affine_seed, -1.0, 1.0))
    mirrored = tf.where(flip < 0.0, -1.0, 1.0)
    angle = turn * LARGEST_ROTATION
    factor = tf.exp(zoom * math.log(LARGEST_ZOOM))
    y, x = tf.meshgrid(_centred(height), _centred(width), indexing="ij")
    rows = (tf.cos(angle) * y - tf.sin(angle) * x) / factor
    columns = mirrored * (tf.sin(angle) * y + tf.cos(angle) * x) / factor
    centres = tf.constant([(height - 1) / 2.0, (width - 1) / 2.0])
    return tf.stack([rows, columns], axis=-1) + centres + _elastic_displacements(height, width, elastic_seed)


def _centred(size: int) -> tf.Tensor:
    return tf.range(size, dtype=tf.float32) - (size - 1) / 2.0


def _elastic_displacements(height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    deviations = tf.constant([height, width], tf.float32) * ELASTIC_DEVIATION
    coarse = deviations * tf.random.stateless_normal([ELASTIC_GRID, ELASTIC_GRID, 2], seed)
    return tf.image.resize(coarse, [height, width], "bicubic")


def sample_bilinear(image: tf.Tensor, coordinates: tf.Tensor) -> tf.Tensor:
    """The values of `image` `[H, W, C]` at `coordinates` `[..., 2]` (row, column), mirrored beyond its edges."""
    rows, columns = tf.unstack(coordinates, axis=-1)
    top, left = tf.floor(rows), tf.floor(columns)
    down, right = (rows - top)[..., tf.newaxis], (columns - left)[..., tf.newaxis]
    upper = (1.0 - right) * _pixels(image, top, left) + right * _pixels(image, top, left + 1.0)
    lower = (1.0 - right) * _pixels(image, top + 1.0, left) + right * _pixels(image, top + 1.0, left + 1.0)
    return (1.0 - down) * upper + down * lower


def sample_nearest(image: tf.Tensor, coordinates: tf.Tensor) -> tf.Tensor:
    """The value of `image` `[H, W, C]` nearest to each of `coordinates` `[..., 2]`, mirrored beyond its edges."""
    rows, columns = tf.unstack(tf.floor(coordinates + 0.5), axis=-1)
    return _pixels(image, rows, columns)


def _pixels(image: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """The pixels at whole numbers of rows and columns, taken from a flat image: gathering by pairs is slower."""
    height, width, channels = image.shape
    rows, columns = (tf.cast(_mirror(at, size), tf.int32) for at, size in ((rows, height), (columns, width)))
    return tf.gather(tf.reshape(image, [height * width, channels]), rows * width + columns)


def _mirror(indices: tf.Tensor, size: int) -> tf.Tensor:
    """Whole numbers folded into [0, size), the edge pixel not repeated: -1 becomes 1, `size` becomes `size - 2`."""
    last = size - 1.0
    period = max(2.0 * last, 1.0)
    folded = indices - period * tf.floor(indices / period)
    return last - tf.abs(last - folded)
