"""The paper's four networks in PyTorch (section II.A), with its default initialisation."""

from torch import nn

LEAKY_SLOPE = 0.2
CODE_UNITS = 1024


def build_generator(image_size: int, channels: int, width: int, latent_size: int) -> nn.Sequential:
    """G: latents `[N, latent_size, 1, 1]` to images `[N, channels, image_size, image_size]` in [-1, 1]."""
    features = _deepest_features(image_size, width)
    layers: list[nn.Module] = [
        nn.ConvTranspose2d(latent_size, features, 4, bias=False),
        nn.BatchNorm2d(features),
        nn.ReLU(inplace=True),
    ]
    while features > width:
        layers += [
            nn.Upsample(scale_factor=2),
            nn.Conv2d(features, features // 2, 3, padding=1, bias=False),
            nn.BatchNorm2d(features // 2),
            nn.ReLU(inplace=True),
        ]
        features //= 2
    layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, channels, 3, padding=1, bias=False), nn.Tanh()]
    return nn.Sequential(*layers)


def build_discriminator(image_size: int, channels: int, width: int) -> nn.Sequential:
    """D: images to scores `[N, 1]`, with instance norm from the second stage on."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels, width, 4, stride=2, padding=1),
        nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
    ]
    features = width
    while features < _deepest_features(image_size, width):
        layers += [
            nn.Conv2d(features, features * 2, 4, stride=2, padding=1),
            nn.InstanceNorm2d(features * 2),
            nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
        ]
        features *= 2
    return nn.Sequential(*layers, nn.Conv2d(features, 1, 4), nn.Flatten())


def build_encoder(image_size: int, channels: int, width: int, latent_size: int) -> nn.Sequential:
    """E: images to latents `[N, latent_size]`, with batch norm in every stage."""
    layers: list[nn.Module] = []
    inputs, outputs = channels, width
    while outputs <= _deepest_features(image_size, width):
        layers += [
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
        ]
        inputs, outputs = outputs, outputs * 2
    return nn.Sequential(*layers, nn.Conv2d(inputs, latent_size, 4), nn.Flatten())


def build_code_discriminator(latent_size: int) -> nn.Sequential:
    """CD: latents `[N, latent_size]` to scores `[N, 1]`, without norm."""
    return nn.Sequential(
        nn.Linear(latent_size, CODE_UNITS),
        nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
        nn.Linear(CODE_UNITS, CODE_UNITS),
        nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
        nn.Linear(CODE_UNITS, 1),
    )


def _deepest_features(image_size: int, width: int) -> int:
    """Channels at 4x4 pixels: `width` at half the image size, doubled with each halving."""
    return width * image_size // 8
