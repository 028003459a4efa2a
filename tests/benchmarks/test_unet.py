"""The U-Net against an independent implementation in PyTorch: same weights, images and masks."""

import importlib.util
import json

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.side_process import SideProcess
from benchmarks.unet import forward_macs, main
from benchmarks.unet_sides import UNetSettings
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.model import build_segmentation_model

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="the PyTorch peer needs the extra: pip install -e '.[bench]'"
)
CONFIG = SegmentationConfig(image_size=32, width=4, batch_size=4, seed=3)


@pytest.mark.slow
def test_our_side_tells_its_memory():
    settings = UNetSettings(image_size=16, width=2, batch_size=2, precision="float32", seed=0, task="inference")
    with SideProcess("ours", settings, "benchmarks.unet_sides") as worker:
        memory = worker.ask("memory")
    assert 0 < memory["imported_bytes"] < memory["peak_bytes"]


def twins():
    """A model and a peer with its weights."""
    import torch

    from benchmarks.pytorch_unet import PyTorchSegmentation

    model = build_segmentation_model(CONFIG, 1)
    peer = PyTorchSegmentation(1, CONFIG.width)
    for variable, parameter in zip(model.unet.trainable_variables, peer.network.in_order(), strict=True):
        value = np.asarray(variable)
        if value.ndim == 4:  # [h, w, in, out]; a transposed convolution's kernel is [h, w, out, in]: both [.., 3, 2]
            value = value.transpose(3, 2, 0, 1)
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(value.copy()))
    return model, peer


def batch(number):
    rng = np.random.default_rng(number)
    images = rng.uniform(-1.0, 1.0, (4, 32, 32, 1)).astype(np.float32)
    return images, (images > 0.2).astype(np.float32)


def test_macs_of_a_tiny_u_net_counted_by_hand():
    convolutions = 9 * (256 * 2 * (1 + 2) + 64 * 4 * (2 + 4) + 16 * 8 * (4 + 8) + 4 * 16 * (8 + 16) + 32 * (16 + 32))
    up = 256 * 2 * (4 + 9 * 6) + 64 * 4 * (8 + 9 * 12) + 16 * 8 * (16 + 9 * 24) + 4 * 16 * (32 + 9 * 48)
    assert forward_macs(16, 1, 2) == convolutions + up + 256 * 2


@needs_torch
def test_the_peer_has_as_many_parameters():
    from benchmarks.pytorch_unet import PyTorchUNet

    assert sum(parameter.numel() for parameter in PyTorchUNet(1, 64).parameters()) == 31_036_481


@needs_torch
def test_losses_of_three_steps_and_predictions_equal_the_peers():
    import torch

    model, peer = twins()
    for number in range(3):
        images, masks = batch(number)
        for group in peer.optimizer.param_groups:
            # Keras adds epsilon before the bias correction of the squared gradient ("epsilon hat" of Kingma & Ba).
            group["eps"] = CONFIG.adam_epsilon / np.sqrt(1.0 - CONFIG.beta_2 ** (number + 1))
        theirs = peer.step(*(torch.from_numpy(array).movedim(-1, 1) for array in (images, masks)))
        ours = float(model.train_step((tf.constant(images), tf.constant(masks)))["bce"])
        assert ours == pytest.approx(theirs, rel=2e-4), number
    model, peer = twins()
    images = batch(9)[0]
    theirs = peer.probabilities(torch.from_numpy(images).movedim(-1, 1)).movedim(1, -1).numpy()
    np.testing.assert_allclose(model(tf.constant(images)), theirs, atol=1e-5)


@pytest.mark.slow
@needs_torch
def test_json_ends_standard_output_with_both_tasks_and_their_ratios(capsys):
    small = ["--image-size", "16", "--width", "2", "--batch-size", "2", "--rounds", "1", "--iterations", "1"]
    assert main([*small, "--json"]) == 0
    output, errors = capsys.readouterr()
    results = json.loads(output)["results"]
    assert set(results) == {"training", "inference"}
    for result in results.values():
        seconds = [result[side]["seconds"]["rounds"][0] for side in ("peer", "ours")]
        assert result["ratio"]["median"] == pytest.approx(seconds[0] / seconds[1])
    assert "times PyTorch's speed" in errors
