"""The networks with the sizes, the precision and the seed of a configuration, for models to choose from."""

from collections.abc import Callable

import keras

from tfgan_thyroid.config import Config
from tfgan_thyroid.layers.instance_normalization import InstanceNormalization
from tfgan_thyroid.networks.code_discriminator import build_code_discriminator
from tfgan_thyroid.networks.discriminator import build_coupled_discriminator, build_discriminator
from tfgan_thyroid.networks.encoder import build_encoder, build_variational_encoder
from tfgan_thyroid.networks.generator import build_generator
from tfgan_thyroid.networks.smooth_generator import build_smooth_generator
from tfgan_thyroid.networks.texture_discriminator import build_texture_discriminator

NetworkBuilder = Callable[[Config], keras.Model]


def generator(config: Config) -> keras.Model:
    """G of the paper."""
    c = config
    return build_generator(c.image_size, c.channels, c.width, c.latent_size, c.precision, seed=c.seed)


def encoder(config: Config) -> keras.Model:
    """E of the paper."""
    c = config
    return build_encoder(c.image_size, c.channels, c.width, c.latent_size, c.precision, seed=c.seed + 100)


def variational_encoder(config: Config) -> keras.Model:
    """E with a head of means and one of log-variances."""
    c = config
    return build_variational_encoder(c.image_size, c.channels, c.width, c.latent_size, c.precision, seed=c.seed + 100)


def discriminator(config: Config, normalization: type[keras.layers.Layer] = InstanceNormalization) -> keras.Model:
    """D of the paper, or with another normalization."""
    c = config
    return build_discriminator(c.image_size, c.channels, c.width, c.precision, c.seed + 200, normalization)


def code_discriminator(config: Config, normalization: type[keras.layers.Layer] | None = None) -> keras.Model:
    """CD of the paper, which has no normalization, or with one."""
    return build_code_discriminator(config.latent_size, config.precision, config.seed + 300, normalization)


def smooth_generator(config: Config) -> keras.Model:
    """G with smooth upsampling, noise and a layer at full resolution."""
    c = config
    return build_smooth_generator(c.image_size, c.channels, c.width, c.latent_size, c.precision, seed=c.seed)


def coupled_discriminator(config: Config) -> keras.Model:
    """D without normalization, with minibatch statistics."""
    c = config
    return build_coupled_discriminator(c.image_size, c.channels, c.width, c.precision, c.seed + 200)


def texture_discriminator(config: Config) -> keras.Model:
    """The discriminator of small pieces."""
    c = config
    return build_texture_discriminator(c.image_size, c.channels, c.width, c.precision, c.seed + 400)
