"""Two replicas compute what one process does at the same global batch: `replica_runs.py` runs both."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).with_name("replica_runs.py")
VARIANTS = (
    "alpha-wgan-gp",
    "alpha-wgan-gp-original",
    "wgan-gp",
    "alpha-gan",
    "vae",
    "gan",
    "r1-gan",
    "augmented",
    "bfloat16",
)
every_variant = pytest.mark.parametrize("variant", VARIANTS)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    file = tmp_path_factory.mktemp("replicas") / "results.pkl"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run([sys.executable, PROGRAM, file], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr[-3000:]
    return pickle.loads(file.read_bytes())


def joined(parts, axis=0):
    return np.concatenate(parts, axis=axis)


def test_every_model_is_compared(results):
    assert set(results["one"]["models"]) == set(results["two"]["models"]) == set(VARIANTS)


@every_variant
def test_losses_are_those_of_one_process_in_each_iteration_and_on_each_replica(results, variant):
    one, two = (results[which]["models"][variant] for which in ("one", "two"))
    # The second iteration follows an update, which bfloat16 gradients round.
    tolerance = 2e-3 if variant == "bfloat16" else 5e-5
    for (expected,), replicas in zip(one["losses"], two["losses"], strict=True):
        assert len(replicas) == 2
        for losses in replicas:
            assert set(losses) == set(expected)
            for name, loss in losses.items():
                assert loss == pytest.approx(expected[name], rel=tolerance, abs=tolerance), name
        assert replicas[0] == replicas[1]


@every_variant
def test_weights_moving_statistics_and_average_are_those_of_one_process(results, variant):
    one, two = (results[which]["models"][variant] for which in ("one", "two"))
    assert one["iteration"] == two["iteration"] == 2
    assert set(one["weights"]) == set(two["weights"])
    for network, expected in one["weights"].items():
        for weight, values in zip(expected, two["weights"][network], strict=True):
            scale = max(1e-3, float(np.abs(weight).max()))
            atol = scale * (2e-3 if variant == "bfloat16" else 1e-4)
            np.testing.assert_allclose(values, weight, rtol=0, atol=atol, err_msg=network)


def test_a_mean_over_replicas_differentiates_twice(results):
    """f = m^3 with m = 3, the mean of four: f' = 3 m^2 / 4, and the sum of f' by x is 6 m / 4.

    Each replica has an f: derivatives are of their sum, of which `share` takes the half.
    """
    (one,), replicas = results["one"]["mean"], results["two"]["mean"]
    assert one["f"] == 27.0 and one["first"].tolist() == [6.75] * 4 and one["second"].tolist() == [4.5] * 4
    for replica in replicas:
        assert replica["f"] == 27.0
        assert replica["first"].tolist() == [2 * 6.75] * 2
        assert replica["second"].tolist() == [2 * 4.5] * 2


def test_a_penalty_through_batch_normalization_trains_the_critic_as_in_one_process(results):
    (one,), replicas = results["one"]["penalty"], results["two"]["penalty"]
    for replica in replicas:
        assert replica["penalty"] == pytest.approx(one["penalty"], rel=1e-5)
        np.testing.assert_allclose(replica["gradient"], one["gradient"], rtol=1e-4, atol=1e-6)


def test_batch_normalization_goes_by_the_global_batch(results):
    one, two = results["one"]["batch_normalization"], results["two"]["batch_normalization"]
    for (expected,), replicas in zip(one["training"], two["training"], strict=True):
        outputs = joined([replica["outputs"] for replica in replicas])
        np.testing.assert_allclose(outputs, expected["outputs"], atol=1e-5)
        # The global batch's statistics, not each half's: over it every channel has mean 0 and variance 1.
        np.testing.assert_allclose(outputs.mean(axis=(0, 1, 2)), 0.0, atol=1e-6)
        np.testing.assert_allclose(outputs.var(axis=(0, 1, 2)), 1.0, atol=1e-4)
        # A replica's mean over half of the batch weighs each image twice as much.
        by_images = joined([replica["by_images"] for replica in replicas]) / 2
        np.testing.assert_allclose(by_images, expected["by_images"], atol=1e-6)
        for replica in replicas:
            np.testing.assert_allclose(replica["by_gamma"], expected["by_gamma"], rtol=1e-5)


def test_moving_statistics_and_inference_are_those_of_one_process(results):
    one, two = results["one"]["batch_normalization"], results["two"]["batch_normalization"]
    for expected, values in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(joined(two["inference"]), one["inference"][0], rtol=1e-5, atol=1e-5)


def test_draws_are_those_of_the_global_batch(results):
    ((points, augmented),), replicas = results["one"]["draws"], results["two"]["draws"]
    np.testing.assert_array_equal(joined([replica[0] for replica in replicas]), points)
    for batch in range(2):
        np.testing.assert_allclose(joined([replica[1][batch] for replica in replicas]), augmented[batch], atol=1e-6)
