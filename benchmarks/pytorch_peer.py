"""The same model in PyTorch, written from the paper on its own: a yardstick for speed and a check of the losses.

It is what a PyTorch user who cares for speed would write: stock layers, channels-last tensors, in-place activations,
fused Adam, bfloat16 by autocast, passes of D concatenated, no gradient of anything that an update does not change.
Each was measured here against its alternative, and is faster or within 1 %.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.pytorch_networks import build_code_discriminator, build_discriminator, build_encoder, build_generator

PENALTY_WEIGHT = 10.0
L1_WEIGHT = 10.0


@dataclass(frozen=True)
class Draws:
    """The random numbers of one iteration."""

    code_latents: Tensor  # standard normal `[N, latent_size]`, of CD's update
    discriminator_latents: Tensor  # the same, of D's update
    generator_latents: Tensor  # the same, of G's update
    code_mix: Tensor  # uniform on [0, 1], `[N, 1]`: the share of the sampled latents beside the encoded ones
    generated_mix: Tensor  # uniform `[N, 1, 1, 1]`: the share of the real images beside the generated ones
    reconstructed_mix: Tensor  # the same, beside the reconstructed ones

    @classmethod
    def random(cls, batch_size: int, latent_size: int) -> "Draws":
        """Fresh numbers of PyTorch's global generator."""
        return cls(
            code_latents=torch.randn(batch_size, latent_size),
            discriminator_latents=torch.randn(batch_size, latent_size),
            generator_latents=torch.randn(batch_size, latent_size),
            code_mix=torch.rand(batch_size, 1),
            generated_mix=torch.rand(batch_size, 1, 1, 1),
            reconstructed_mix=torch.rand(batch_size, 1, 1, 1),
        )


class PyTorchPeer:
    """The four networks, their optimizers and the training iteration.

    Args:
        image_size: height and width in pixels, 4 * 2^n.
        channels: channels of an image.
        width: channels after the discriminator's first stage.
        latent_size: length of a latent vector.
        bfloat16: run the networks under bfloat16 autocast; losses and penalties are float32 in any case.

    Attributes:
        networks: by name, in the order of their updates: CD, E, D, G.
    """

    def __init__(self, image_size: int, channels: int, width: int, latent_size: int, bfloat16: bool = False) -> None:
        self.latent_size = latent_size
        self.bfloat16 = bfloat16
        self.code_discriminator = build_code_discriminator(latent_size)
        self.encoder = build_encoder(image_size, channels, width, latent_size)
        self.discriminator = build_discriminator(image_size, channels, width)
        self.generator = build_generator(image_size, channels, width, latent_size)
        self.networks: dict[str, nn.Sequential] = {
            "code_discriminator": self.code_discriminator,
            "encoder": self.encoder,
            "discriminator": self.discriminator,
            "generator": self.generator,
        }
        for network in self.networks.values():
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.requires_grad_(False)
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.9, 0.999), eps=1e-8, fused=True)
            for name, network in self.networks.items()
        }

    def iteration(self, real_batches: Tensor, draws: Draws | None = None) -> dict[str, float]:
        """Updates CD, E, D and G once, in this order, each on its own batch.

        Args:
            real_batches: float32 `[4, N, C, H, W]` in [-1, 1].
            draws: the iteration's random numbers; fresh ones by default.

        Returns:
            The losses by the names of this project's logs.
        """
        cd_images, e_images, d_images, g_images = real_batches
        draws = draws or Draws.random(len(cd_images), self.latent_size)
        return {
            **self._update("code_discriminator", self._code_discriminator_losses, cd_images, draws),
            **self._update("encoder", self._encoder_losses, e_images, draws),
            **self._update("discriminator", self._discriminator_losses, d_images, draws),
            **self._update("generator", self._generator_losses, g_images, draws),
        }

    def _update(
        self, name: str, losses: Callable[[Tensor, Draws], dict[str, Tensor]], images: Tensor, draws: Draws
    ) -> dict[str, float]:
        """One Adam step of one network on the first of its losses; gradients are freed at once."""
        network, optimizer = self.networks[name], self.optimizers[name]
        network.requires_grad_(True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            values = losses(images.contiguous(memory_format=torch.channels_last), draws)
        next(iter(values.values())).backward()
        optimizer.step()
        optimizer.zero_grad()
        network.requires_grad_(False)
        return {key: value.item() for key, value in values.items()}

    def _code_discriminator_losses(self, real_images: Tensor, draws: Draws) -> dict[str, Tensor]:
        with torch.no_grad():
            encoded = self.encoder(real_images).float()
        sampled = draws.code_latents
        sampled_scores, encoded_scores = self.code_discriminator(torch.cat([sampled, encoded])).float().chunk(2)
        penalty = gradient_penalty(self.code_discriminator, sampled, encoded, draws.code_mix)
        loss = encoded_scores.mean() - sampled_scores.mean() + PENALTY_WEIGHT * penalty
        return {"cd_loss": loss, "gp_code": penalty}

    def _encoder_losses(self, real_images: Tensor, draws: Draws) -> dict[str, Tensor]:
        return {"e_loss": -self.code_discriminator(self.encoder(real_images)).float().mean()}

    def _discriminator_losses(self, real_images: Tensor, draws: Draws) -> dict[str, Tensor]:
        with torch.no_grad():
            generated = self.generator(_as_pixels(draws.discriminator_latents)).float()
            reconstructed = self.generator(_as_pixels(self.encoder(real_images))).float()
        fakes = torch.cat([generated, reconstructed])
        scores = self.discriminator(torch.cat([real_images, fakes])).float()
        real_scores, generated_scores, reconstructed_scores = scores.chunk(3)
        mix = torch.cat([draws.generated_mix, draws.reconstructed_mix])
        penalty = gradient_penalty(self.discriminator, torch.cat([real_images, real_images]), fakes, mix)
        critic_loss = generated_scores.mean() + reconstructed_scores.mean() - 2.0 * real_scores.mean()
        # The mean over both pairs, times two, is the sum of the two penalties of the paper.
        return {"d_loss": critic_loss + 2.0 * PENALTY_WEIGHT * penalty, "gp_image": penalty}

    def _generator_losses(self, real_images: Tensor, draws: Draws) -> dict[str, Tensor]:
        with torch.no_grad():
            encoded = self.encoder(real_images)
        generated = self.generator(_as_pixels(draws.generator_latents))
        reconstructed = self.generator(_as_pixels(encoded))
        scores = self.discriminator(torch.cat([generated, reconstructed])).float()
        generated_scores, reconstructed_scores = scores.chunk(2)
        l1 = (real_images - reconstructed.float()).abs().mean()
        return {"g_loss": L1_WEIGHT * l1 - generated_scores.mean() - reconstructed_scores.mean(), "recon_l1": l1}


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean of `(|grad critic| - 1)^2` at `mix real + (1 - mix) fake`, differentiable by the critic's parameters."""
    points = (mix * real + (1.0 - mix) * fake).requires_grad_(True)
    (gradients,) = torch.autograd.grad(critic(points).float().sum(), points, create_graph=True)
    squared_norms = gradients.float().square().flatten(start_dim=1).sum(dim=1)
    return ((squared_norms + 1e-15).sqrt() - 1.0).square().mean()


def _as_pixels(latents: Tensor) -> Tensor:
    return latents[:, :, None, None]
