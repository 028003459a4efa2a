"""Auto-encoding GAN (improved alpha-WGAN-GP) for thyroid ultrasound augmentation."""

import os
from importlib.metadata import version

__version__ = version("tfgan-thyroid")

# TensorFlow reads this when it is imported, and takes oneDNN by itself only where there is AVX512-VNNI; on other x86
# processors an iteration is up to twice as fast with it. TF_ENABLE_ONEDNN_OPTS=0 in the environment turns it off.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
