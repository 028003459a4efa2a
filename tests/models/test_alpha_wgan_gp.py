"""One training iteration: who changes, in which order, on what, and by how much."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.losses.spectral import mean_power_spectrum, spectral_loss
from tfgan_thyroid.models import alpha_wgan_gp
from tfgan_thyroid.models.registry import build_model

UPDATES = {
    "code_discriminator": "_update_code_discriminator",
    "encoder": "_update_encoder",
    "discriminator": "_update_discriminator",
    "generator": "_update_generator",
}


@pytest.fixture
def config(tiny_config):
    return tiny_config


def batches(config, count=4, seed=0):
    shape = [count, config.batch_size, config.image_size, config.image_size, config.channels]
    return tf.random.stateless_uniform(shape, [seed, 0], -1.0, 1.0)


def trainable(model):
    return {name: [w.numpy().copy() for w in net.trainable_variables] for name, net in model.networks.items()}


def changed(before, after):
    return {name for name in before if not all(map(np.array_equal, before[name], after[name]))}


@pytest.mark.parametrize("name", UPDATES)
def test_each_update_changes_only_its_network(config, name):
    model = build_model(config)
    before = trainable(model)
    getattr(model, UPDATES[name])(batches(config)[0])
    assert changed(before, trainable(model)) == {name}


def test_the_updates_come_in_the_order_cd_e_d_g_each_with_its_own_batch(config, monkeypatch):
    model = build_model(config)
    real = batches(config)
    seen = []
    for name, method in UPDATES.items():
        original = getattr(model, method)
        monkeypatch.setattr(
            model, method, lambda images, name=name, original=original: seen.append((name, images)) or original(images)
        )
    model.train_step(real)
    assert [name for name, _ in seen] == list(UPDATES)
    for index, (_, images) in enumerate(seen):
        np.testing.assert_array_equal(images, real[index])


def test_a_shared_batch_reaches_all_four_updates(config, monkeypatch):
    model = build_model(config.replace(shared_batch=True))
    assert model.real_batches == 1
    seen = []
    for method in UPDATES.values():
        original = getattr(model, method)
        monkeypatch.setattr(model, method, lambda images, original=original: seen.append(images) or original(images))
    real = batches(config, count=1)
    model.train_step(real)
    assert len(seen) == 4
    for images in seen:
        np.testing.assert_array_equal(images, real[0])


def test_every_update_draws_its_own_latents(config, monkeypatch):
    drawn = []
    original = alpha_wgan_gp.AlphaWGANGP._draw_latents
    monkeypatch.setattr(
        alpha_wgan_gp.AlphaWGANGP,
        "_draw_latents",
        lambda self, purpose: drawn.append(original(self, purpose)) or drawn[-1],
    )
    model = build_model(config)
    model.train_step(batches(config))
    model.train_step(batches(config))
    assert len(drawn) == 6
    assert len({latents.numpy().tobytes() for latents in drawn}) == 6


def test_losses_of_an_iteration_are_those_of_equation_3(config):
    """Each loss again from the networks' outputs, before their update, with the same draws."""
    model, twin = build_model(config), build_model(config)
    real = batches(config)
    g, e, d, cd = twin.generator, twin.encoder, twin.discriminator, twin.code_discriminator
    z = twin._draw_latents(alpha_wgan_gp.Purpose.CODE_DISCRIMINATOR_LATENTS)
    encoded = e(real[0], training=True)
    losses = model._update_code_discriminator(real[0])
    expected = -np.mean(cd(z)) + np.mean(cd(encoded)) + 10.0 * float(losses["gp_code"])
    assert float(losses["cd_loss"]) == pytest.approx(expected, rel=1e-4)

    twin.code_discriminator.set_weights(model.code_discriminator.get_weights())
    losses = model._update_encoder(real[1])
    assert float(losses["e_loss"]) == pytest.approx(-np.mean(cd(e(real[1], training=True))), rel=1e-4)

    twin.encoder.set_weights(model.encoder.get_weights())
    z = twin._draw_latents(alpha_wgan_gp.Purpose.DISCRIMINATOR_LATENTS)
    fakes = g(z, training=True), g(e(real[2], training=True), training=True)
    losses = model._update_discriminator(real[2])
    expected = (
        -2.0 * np.mean(d(real[2])) + np.mean(d(fakes[0])) + np.mean(d(fakes[1])) + 20.0 * float(losses["gp_image"])
    )
    assert float(losses["d_loss"]) == pytest.approx(expected, rel=1e-4)

    twin.discriminator.set_weights(model.discriminator.get_weights())
    z = twin._draw_latents(alpha_wgan_gp.Purpose.GENERATOR_LATENTS)
    fakes = g(z, training=True), g(e(real[3], training=True), training=True)
    losses = model._update_generator(real[3])
    l1 = np.mean(np.abs(real[3] - fakes[1]))
    expected = -np.mean(d(fakes[0])) - np.mean(d(fakes[1])) + 10.0 * l1
    assert float(losses["recon_l1"]) == pytest.approx(l1, rel=1e-4)
    assert float(losses["g_loss"]) == pytest.approx(expected, rel=1e-4)


def test_batch_statistics_of_generated_and_reconstructed_images_do_not_mix(config, monkeypatch):
    """Every pass of G sees one batch of one kind: never the two concatenated."""
    model = build_model(config)
    sizes = []
    original = model.generator.call
    monkeypatch.setattr(
        model.generator, "call", lambda inputs, **kwargs: sizes.append(inputs.shape[0]) or original(inputs, **kwargs)
    )
    model.train_step(batches(config))
    assert sizes == [config.batch_size] * 4


def test_the_generator_runs_on_batch_statistics_and_moves_its_averages(config):
    model = build_model(config)
    before = [weight.numpy().copy() for weight in model.generator.non_trainable_variables]
    model._update_discriminator(batches(config)[0])
    after = [weight.numpy() for weight in model.generator.non_trainable_variables]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_letter_of_the_paper_leaves_out_the_second_penalty(config):
    both, letter = (build_model(config.replace(penalty_pairs=pairs)) for pairs in ("both", "generated"))
    real = batches(config)[0]
    losses = [model._update_discriminator(real) for model in (both, letter)]
    critic = [
        float(loss["d_loss"]) - weight * float(loss["gp_image"]) for loss, weight in zip(losses, (20, 10), strict=True)
    ]
    assert critic[0] == pytest.approx(critic[1], rel=1e-4)
    assert float(losses[0]["gp_image"]) != float(losses[1]["gp_image"])


def test_l1_against_generated_images_is_the_letter_of_equation_3(config):
    model = build_model(config.replace(l1_target="generated"))
    real = batches(config)[0]
    z = model._draw_latents(alpha_wgan_gp.Purpose.GENERATOR_LATENTS)
    generated = model.generator(z, training=True)
    assert float(model._update_generator(real)["recon_l1"]) == pytest.approx(
        np.mean(np.abs(real - generated)), rel=1e-4
    )


def test_reconstruction_reaches_the_encoder_only_when_it_is_weighted(config):
    real = batches(config)[0]
    plain, weighted = (build_model(config.replace(encoder_reconstruction_weight=w)) for w in (0.0, 5.0))
    losses = [float(model._update_encoder(real)["e_loss"]) for model in (plain, weighted)]
    twin = build_model(config)
    l1 = np.mean(np.abs(real - twin.generator(twin.encoder(real, training=True), training=True)))
    assert losses[1] - losses[0] == pytest.approx(5.0 * l1, rel=1e-4)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_eager_equals_graph(config, precision):
    eager, graph = (build_model(config.replace(precision=precision)) for _ in range(2))
    step = tf.function(graph.train_step)
    # Operations are fused and reordered in a graph; bfloat16 keeps 8 bits of each intermediate.
    tolerance = {"float32": 1e-4, "mixed_bfloat16": 5e-2}[precision]
    for seed in range(2):
        expected, losses = eager.train_step(batches(config, seed=seed)), step(batches(config, seed=seed))
        assert set(losses) == set(expected)
        for name in losses:
            assert float(losses[name]) == pytest.approx(float(expected[name]), rel=tolerance, abs=tolerance), name


def test_mixed_bfloat16_losses_are_float32_and_near_float32s(config):
    full, mixed = (
        build_model(config.replace(precision=p)).train_step(batches(config)) for p in ("float32", "mixed_bfloat16")
    )
    for name, loss in mixed.items():
        assert loss.dtype == tf.float32
        assert float(loss) == pytest.approx(float(full[name]), rel=0.05, abs=0.05), name


def test_each_optimizer_is_built_on_its_network_alone_before_the_first_step(config):
    model = build_model(config)
    for name, optimizer in model.optimizers.items():
        values = sum(int(np.prod(v.shape)) for v in optimizer.variables if len(v.shape))
        weights = sum(int(np.prod(w.shape)) for w in model.networks[name].trainable_variables)
        assert values == 2 * weights, name  # the two moments of Adam


def test_the_spectral_term_adds_its_weight_times_the_distance_of_the_spectra(config):
    real = batches(config)[3]
    plain, sharp = (build_model(config.replace(spectral_weight=weight)) for weight in (0.0, 3.0))
    generated = plain.generator(plain._draw_latents(alpha_wgan_gp.Purpose.GENERATOR_LATENTS), training=True)
    expected = 3.0 * spectral_loss(mean_power_spectrum(real), mean_power_spectrum(generated))
    without, with_term = (model._update_generator(real) for model in (plain, sharp))
    assert float(with_term["g_loss"] - without["g_loss"]) == pytest.approx(float(expected), rel=1e-4)
    assert float(with_term["spectral"]) == pytest.approx(float(expected) / 3.0, rel=1e-4)
    assert "spectral" not in without


def test_the_average_follows_the_generator_with_its_ramp(config):
    model = build_model(config)
    before = [weight.numpy().copy() for weight in model.averaged_generator.variables]
    model.train_step(batches(config))
    decay = min(config.ema_decay, 2 / 11)  # (1 + t) / (10 + t) at t = 1
    for old, value, average in zip(before, model.generator.variables, model.averaged_generator.variables, strict=True):
        np.testing.assert_allclose(average.numpy(), decay * old + (1 - decay) * value.numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("asked", [True, False])
def test_standing_statistics_replace_the_averages_moving_statistics_and_nothing_else(config, asked):
    model = build_model(config.replace(standing_statistics=asked))
    model.train_step(batches(config))
    average = model.averaged_generator
    trained = [weight.numpy().copy() for weight in average.trainable_variables]
    moving = [weight.numpy().copy() for weight in average.non_trainable_variables]
    model.measure_statistics()
    once = [weight.numpy().copy() for weight in average.non_trainable_variables]
    model.measure_statistics()
    for old, weight in zip(trained, average.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, weight)
    for old, measured, weight in zip(moving, once, average.non_trainable_variables, strict=True):
        assert np.array_equal(old, measured) is not asked
        np.testing.assert_array_equal(measured, weight)  # a function of the weights alone


def test_without_decay_there_is_no_average_and_samples_come_from_the_generator(config):
    model = build_model(config.replace(ema_decay=0.0))
    assert model.averaged_generator is None
    assert model.sampling_generator is model.generator


def test_a_seed_gives_the_same_image_alone_or_in_a_batch(config):
    model = build_model(config)
    together = model.generate(tf.constant([3, 4, 5], tf.int64))
    np.testing.assert_allclose(model.generate(tf.constant([4], tf.int64))[0], together[1], atol=1e-5)
    np.testing.assert_array_equal(model.generate(tf.constant([3, 4, 5], tf.int64)), together)


def test_augmentation_stands_before_the_critic_in_both_updates_and_nowhere_else(config, monkeypatch):
    model = build_model(config.replace(augment="diffaugment"))
    augmented, judged = [], []
    augment, discriminator = model._augment, model.discriminator.call
    monkeypatch.setattr(
        model, "_augment", lambda images, *draw: augmented.append(augment(images, *draw)) or augmented[-1]
    )
    monkeypatch.setattr(
        model.discriminator, "call", lambda x, *args, **kw: judged.append(x) or discriminator(x, *args, **kw)
    )
    real = batches(config)
    model.train_step(real)
    critic_images, generated_images, reconstructed_images = augmented
    n = config.batch_size
    assert critic_images.shape[0] == 3 * n and generated_images.shape[0] == reconstructed_images.shape[0] == n
    assert not np.allclose(critic_images[:n], real[2], atol=1e-3)
    np.testing.assert_array_equal(tf.concat(judged[:3], axis=0), critic_images)
    np.testing.assert_array_equal(tf.concat(judged[-2:], axis=0), tf.concat(augmented[1:], axis=0))
