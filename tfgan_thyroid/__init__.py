"""Auto-encoding GAN (improved alpha-WGAN-GP) for thyroid ultrasound augmentation."""

from importlib.metadata import version

__version__ = version("tfgan-thyroid")
