"""How many multiplications one training iteration costs, from the shapes of its convolutions alone.

A MAC is one multiplication and one addition, 2 FLOP. Norms, activations, losses and Adam are not counted.
"""

from itertools import pairwise

from tfgan_thyroid.config import stage_count

CODE_UNITS = 1024

FORWARD_PASSES = {"code_discriminator": 14, "encoder": 6, "discriminator": 25, "generator": 8}
"""What one iteration costs each network, in forward passes over one batch.

A layer's backward pass costs one forward pass for its weights and one for its inputs, and the gradient penalty six in
all (forward, input gradient, and the backward pass of both). Encoder: 3 for its own update, 1 in each of the three
others. Discriminator: 9 for three batches and 12 for two penalties in its own update; 4 for two batches in the
generator's, which needs no gradients by weights. Generator: 2 in the discriminator's update, 6 in its own. Code
discriminator: 6 for two batches and 6 for the penalty in its own update, 2 in the encoder's.
"""


def forward_macs(image_size: int, channels: int, width: int, latent_size: int, folded: bool) -> dict[str, int]:
    """MACs of one forward pass over one image, by network.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of an image.
        width: channels after the discriminator's first stage.
        latent_size: length of a latent vector.
        folded: the generator's up-convolutions at the input's pixels, as `layers.upsampling` does them, instead of a
            nearest x2 upsampling and a 3x3 convolution: 9 MACs for each input pixel and pair of channels, not 36.
    """
    stages = stage_count(image_size)
    features = [channels, *(width * 2**stage for stage in range(stages))]
    sizes = [image_size // 2**stage for stage in range(stages + 1)]
    pairs = [outer * inner for outer, inner in pairwise(features)]
    tower = sum(pair * 16 * size**2 for pair, size in zip(pairs, sizes[1:], strict=True))
    upsampled = sizes[1:] if folded else sizes[:-1]
    upsampling = sum(pair * 9 * size**2 for pair, size in zip(pairs, upsampled, strict=True))
    return {
        "code_discriminator": latent_size * CODE_UNITS + CODE_UNITS**2 + CODE_UNITS,
        "encoder": tower + 16 * features[-1] * latent_size,
        "discriminator": tower + 16 * features[-1],
        "generator": upsampling + 16 * features[-1] * latent_size,
    }


def iteration_macs(image_size: int, channels: int, width: int, latent_size: int, folded: bool) -> int:
    """MACs of one training iteration of the paper's model for each image of the batch.

    Args:
        image_size: as for `forward_macs`, like the others.
        channels: channels of an image.
        width: channels after the discriminator's first stage.
        latent_size: length of a latent vector.
        folded: whether the up-convolutions are folded.
    """
    macs = forward_macs(image_size, channels, width, latent_size, folded)
    return sum(FORWARD_PASSES[name] * macs[name] for name in macs)
