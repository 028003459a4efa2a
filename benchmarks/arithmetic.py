"""How many multiplications one training iteration costs, from the shapes of its convolutions alone.

A MAC is one multiplication and one addition, 2 FLOP. Norms, activations, losses and Adam are not counted.
"""

from itertools import pairwise

from tfgan_thyroid.config import stage_count

CODE_UNITS = 1024

UPDATE_PASSES = {
    "CD": {"encoder": 1, "code_discriminator": 12},
    "E": {"encoder": 3, "code_discriminator": 2},
    "D": {"encoder": 1, "generator": 2, "discriminator": 21},
    "D: images": {"encoder": 1, "generator": 2},
    "D: critic": {"discriminator": 9},
    "D: penalties": {"discriminator": 12},
    "G": {"encoder": 1, "discriminator": 4, "generator": 6},
}
"""What each update, and each part of D's, costs the networks, in forward passes over one batch.

A layer's backward pass costs one forward pass for its weights and one for its inputs, and the gradient penalty six in
all (forward, input gradient, and the backward pass of both). So CD costs 6 for two batches and 6 for the penalty in its
own update; D 9 for three batches and 12 for two penalties in its own, and 4 for two batches in the generator's, which
needs no gradients by weights.
"""

FORWARD_PASSES = {
    network: sum(UPDATE_PASSES[update].get(network, 0) for update in ("CD", "E", "D", "G"))
    for network in ("code_discriminator", "encoder", "discriminator", "generator")
}
"""What one iteration costs each network, in forward passes over one batch."""


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
    """MACs of one training iteration of the paper's model for each image of the batch."""
    macs = forward_macs(image_size, channels, width, latent_size, folded)
    return sum(FORWARD_PASSES[name] * macs[name] for name in macs)


def pass_macs(image_size: int, channels: int, width: int, latent_size: int) -> dict[str, int]:
    """MACs of each of `UPDATE_PASSES` for each image of the batch, as this package computes them (folded)."""
    macs = forward_macs(image_size, channels, width, latent_size, folded=True)
    return {
        name: sum(count * macs[network] for network, count in costs.items()) for name, costs in UPDATE_PASSES.items()
    }
