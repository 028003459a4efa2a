"""The training iteration against an independent implementation in PyTorch: same weights, images and random numbers."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.config import Config
from tfgan_thyroid.models.alpha_wgan_gp import AlphaWGANGP
from tfgan_thyroid.models.random_draws import Purpose, draw_seed

torch = pytest.importorskip("torch", reason="the PyTorch peer needs the extra: pip install -e '.[bench]'")
from benchmarks.pytorch_peer import Draws, PyTorchPeer  # noqa: E402 (imports torch)

PAPER_PARAMETERS = {
    "code_discriminator": 1_313_793,
    "encoder": 15_375_008,
    "discriminator": 11_192_801,
    "generator": 10_483_936,
}
CONFIG = Config(image_size=32, width=8, latent_size=16, batch_size=4, seed=3)


def test_the_peer_has_the_papers_parameter_counts():
    peer = PyTorchPeer(image_size=256, channels=1, width=32, latent_size=256)
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in peer.networks.items()}
    assert counts == PAPER_PARAMETERS


def test_losses_of_one_iteration_equal_the_peers():
    model, peer = _twins()
    _assert_same_losses(model, peer, iteration=0)


def test_losses_and_kernels_of_three_iterations_equal_the_peers():
    model, peer = _twins()
    for iteration in range(3):
        _assert_same_losses(model, peer, iteration)
    for name, network in model.networks.items():
        for variable, parameter in zip(network.trainable_variables, peer.networks[name].parameters(), strict=True):
            # Biases in front of a norm are left out: their gradient is rounding, which Adam blows up to full steps.
            if parameter.dim() >= 2:
                # The same holds for single weights whose gradient nearly cancels: 99 in 100 must agree.
                difference = np.abs(_in_torch_order(variable, parameter) - parameter.numpy())
                assert np.quantile(difference, 0.99) < CONFIG.learning_rate / 20, variable.name


def test_moving_means_of_one_iteration_equal_the_peers():
    """They depend on the number and order of the passes through each batch norm."""
    model, peer = _twins()
    _assert_same_losses(model, peer, iteration=0)
    for name in ("encoder", "generator"):
        ours = [v for v in model.networks[name].non_trainable_variables if "mean" in v.name]
        theirs = [value for key, value in peer.networks[name].named_buffers() if key.endswith("running_mean")]
        for our_mean, their_mean in zip(ours, theirs, strict=True):
            # E's biases in front of a norm differ by up to two steps of Adam (above), a moving mean by a part of that.
            np.testing.assert_allclose(np.asarray(our_mean), their_mean.numpy(), rtol=0, atol=CONFIG.learning_rate)


def _twins() -> tuple[AlphaWGANGP, PyTorchPeer]:
    """A model and a peer with its weights."""
    model = AlphaWGANGP(CONFIG)
    model.compile()
    peer = PyTorchPeer(CONFIG.image_size, CONFIG.channels, CONFIG.width, CONFIG.latent_size)
    for name, network in model.networks.items():
        for variable, parameter in zip(network.trainable_variables, peer.networks[name].parameters(), strict=True):
            value = torch.from_numpy(_in_torch_order(variable, parameter).copy())
            with torch.no_grad():
                parameter.copy_(value)
    return model, peer


def _in_torch_order(variable: tf.Variable, parameter: torch.Tensor) -> np.ndarray:
    """Kernels `[h, w, in, out]` as `[out, in, h, w]`; dense ones transposed, or as 4x4 convolutions."""
    value = np.asarray(variable)
    if value.ndim == 2 and parameter.dim() == 4:
        if parameter.shape[2:] == (4, 4) and value.shape[0] == 16 * parameter.shape[1]:  # of a 4x4 map, to a vector
            value = value.reshape(4, 4, parameter.shape[1], parameter.shape[0])
        else:  # of a vector, to a 4x4 map: a transposed convolution, [in, out, h, w]
            return value.reshape(parameter.shape[0], 4, 4, parameter.shape[1]).transpose(0, 3, 1, 2)
    axes = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}
    return value.transpose(axes[value.ndim])


def _assert_same_losses(model: AlphaWGANGP, peer: PyTorchPeer, iteration: int) -> None:
    """Runs one iteration of both, and compares every loss."""
    for optimizer in peer.optimizers.values():
        # Keras adds epsilon before the bias correction of the squared gradient ("epsilon hat" of Kingma & Ba).
        optimizer.param_groups[0]["eps"] = CONFIG.adam_epsilon / np.sqrt(1.0 - CONFIG.beta_2 ** (iteration + 1))
    shape = (4, CONFIG.batch_size, CONFIG.image_size, CONFIG.image_size, CONFIG.channels)
    images = np.random.default_rng(iteration).uniform(-1.0, 1.0, shape).astype(np.float32)
    theirs = peer.iteration(torch.from_numpy(images).movedim(-1, 2), _draws(iteration))
    ours = {name: float(loss) for name, loss in model.train_step(tf.constant(images)).items()}
    assert set(ours) == set(theirs)
    for name in theirs:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-4, abs=1e-5), (name, iteration)


def _draws(iteration: int) -> Draws:
    """The numbers that `train_step` draws in that iteration."""
    n = CONFIG.batch_size

    def seed(purpose: Purpose) -> tf.Tensor:
        return draw_seed(CONFIG.seed, tf.constant(iteration, tf.int64), purpose)

    def latents(purpose: Purpose) -> torch.Tensor:
        return torch.from_numpy(tf.random.stateless_normal([n, CONFIG.latent_size], seed(purpose)).numpy())

    def mix(purpose: Purpose, *ones: int) -> torch.Tensor:
        return torch.from_numpy(tf.random.stateless_uniform([n, *ones], seed(purpose)).numpy())

    return Draws(
        code_latents=latents(Purpose.CODE_DISCRIMINATOR_LATENTS),
        discriminator_latents=latents(Purpose.DISCRIMINATOR_LATENTS),
        generator_latents=latents(Purpose.GENERATOR_LATENTS),
        code_mix=mix(Purpose.CODE_PENALTY, 1),
        generated_mix=mix(Purpose.GENERATED_PENALTY, 1, 1, 1),
        reconstructed_mix=mix(Purpose.RECONSTRUCTED_PENALTY, 1, 1, 1),
    )
