"""What every model of the registry keeps to: who changes, what is logged, precision, optimizers, latents of images."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.config import MODELS as NAMES
from tfgan_thyroid.models.generative_model import GenerativeModel
from tfgan_thyroid.models.random_draws import Purpose
from tfgan_thyroid.models.registry import build_model, model_class

# Each update: its method, whether it sees real images, and the networks that it changes.
UPDATES = {
    "alpha-wgan-gp": [
        ("_update_code_discriminator", True, {"code_discriminator"}),
        ("_update_encoder", True, {"encoder"}),
        ("_update_discriminator", True, {"discriminator"}),
        ("_update_generator", True, {"generator"}),
    ],
    "alpha-wgan-gp-original": [
        ("_update_encoder_and_generator", True, {"encoder", "generator"}),
        ("_update_discriminator", True, {"discriminator"}),
        ("_update_code_discriminator", True, {"code_discriminator"}),
    ],
    "wgan-gp": [("_update_discriminator", True, {"discriminator"}), ("_update_generator", False, {"generator"})],
    "alpha-gan": [
        ("_update_encoder", True, {"encoder"}),
        ("_update_generator", True, {"generator"}),
        ("_update_discriminator", True, {"discriminator"}),
        ("_update_code_discriminator", True, {"code_discriminator"}),
    ],
    "vae": [("_update_encoder_and_generator", True, {"encoder", "generator"})],
    "gan": [("_update_discriminator", True, {"discriminator"}), ("_update_generator", False, {"generator"})],
    "r1-gan": [
        ("_update_discriminators", True, {"discriminator", "texture_discriminator"}),
        ("_update_generator", False, {"generator"}),
    ],
}
# Each loss, with the weights of its terms.
LOSSES = {
    "alpha-wgan-gp": {
        "cd_loss": {"cd_sampled": -1, "cd_encoded": 1, "gp_code": 10},
        "e_loss": {"e_encoded": -1},
        "d_loss": {
            "d_real": -2,
            "d_generated": 1,
            "d_reconstructed": 1,
            "d_gp_generated": 10,
            "d_gp_reconstructed": 10,
        },
        "g_loss": {"g_generated": -1, "g_reconstructed": -1, "recon_l1": 10},
    },
    "alpha-wgan-gp-original": {
        "eg_loss": {"eg_generated": -1, "eg_reconstructed": -1, "eg_encoded": -1, "recon_l1": 10},
        "d_loss": {"d_real": -2, "d_generated": 1, "d_reconstructed": 1, "gp_image": 20},
        "cd_loss": {"cd_sampled": -1, "cd_encoded": 1, "gp_code": 10},
    },
    "wgan-gp": {"d_loss": {"d_real": -1, "d_generated": 1, "gp_image": 10}, "g_loss": {"g_generated": -1}},
    "alpha-gan": {
        "e_loss": {"e_encoded": -1, "e_l1": 10},
        "g_loss": {"g_generated": -1, "g_reconstructed": -1, "recon_l1": 10},
        "d_loss": {"d_real": 2, "d_generated": 1, "d_reconstructed": 1},
        "cd_loss": {"cd_sampled": 1, "cd_encoded": 1},
    },
    "vae": {"eg_loss": {"recon_l1": 1, "kl": 0.1 / 16**2}},
    "gan": {"d_loss": {"d_real": 1, "d_generated": 1}, "g_loss": {"g_generated": -1}},
    "r1-gan": {
        # Of 4x4 pieces.
        "d_loss": {"d_real": 1, "d_generated": 1, "d_r1": 5, "td_real": 1, "td_generated": 1, "td_r1": 16 * 0.015},
        "g_loss": {"g_generated": 1, "g_texture": 1},
    },
}
every_model = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def config(tiny_config, name):
    return tiny_config.replace(model=name)


def batches(model, seed=0):
    c = model.config
    shape = [model.real_batches, c.batch_size, c.image_size, c.image_size, c.channels]
    return tf.random.stateless_uniform(shape, [seed, 0], -1.0, 1.0)


def logged(name):
    """What an iteration logs: losses, their terms, and where two pairs are penalised the mean penalty."""
    names = {*LOSSES[name]}.union(*LOSSES[name].values())
    return names | {"gp_image"} if "d_gp_generated" in names else names


def trainable(model):
    return {name: [w.numpy().copy() for w in net.trainable_variables] for name, net in model.networks.items()}


def changed(before, after):
    return {name for name in before if not all(map(np.array_equal, before[name], after[name]))}


def test_the_registry_holds_the_models_that_a_configuration_may_name():
    assert set(UPDATES) == set(LOSSES) == set(NAMES)
    for name in NAMES:
        assert issubclass(model_class(name), GenerativeModel)


@every_model
def test_each_update_changes_only_its_networks(config, name):
    model = build_model(config)
    for method, sees_real_images, networks in UPDATES[name]:
        before = trainable(model)
        getattr(model, method)(*([batches(model)[0]] if sees_real_images else []))
        assert changed(before, trainable(model)) == networks, method


@every_model
def test_one_iteration_is_the_updates_in_their_order_each_on_its_own_batch(config, name, monkeypatch):
    model = build_model(config)
    real = batches(model)
    seen = []
    for method, _, _ in UPDATES[name]:
        original = getattr(model, method)
        monkeypatch.setattr(model, method, lambda *args, m=method, f=original: seen.append((m, *args[:1])) or f(*args))
    losses = model.train_step(real)
    assert [call[0] for call in seen] == [method for method, _, _ in UPDATES[name]]
    images = [call[1] for call in seen if len(call) > 1]
    assert len(images) == model.real_batches
    for index, batch in enumerate(images):
        np.testing.assert_array_equal(batch, real[index])
    assert set(losses) == logged(name)
    assert int(model.iteration) == 1


@every_model
def test_a_shared_batch_is_drawn_once(config):
    model = build_model(config.replace(shared_batch=True))
    assert model.real_batches == 1
    assert set(model.train_step(batches(model))) == logged(config.model)


@every_model
def test_a_loss_is_the_weighted_sum_of_its_logged_terms(config, name):
    model = build_model(config)
    losses = {key: float(value) for key, value in model.train_step(batches(model)).items()}
    for loss, terms in LOSSES[name].items():
        assert losses[loss] == pytest.approx(sum(w * losses[term] for term, w in terms.items()), rel=1e-5, abs=1e-5)


@every_model
def test_mixed_bfloat16_losses_are_float32_and_near_float32s(config):
    # Batch statistics of few images, and Adam's first step where a gradient is near nothing, blow rounding up.
    config = config.replace(batch_size=32, adam_epsilon=1e-3)
    full, mixed = (build_model(config.replace(precision=p)) for p in ("float32", "mixed_bfloat16"))
    expected, losses = full.train_step(batches(full)), mixed.train_step(batches(mixed))
    for name, loss in losses.items():
        assert loss.dtype == tf.float32
        assert float(loss) == pytest.approx(float(expected[name]), rel=0.03, abs=0.03), name


@every_model
def test_each_optimizer_is_built_on_its_network_alone_before_the_first_step(config):
    model = build_model(config)
    assert set(model.optimizers) == set(model.networks)
    for name, optimizer in model.optimizers.items():
        values = sum(int(np.prod(v.shape)) for v in optimizer.variables if len(v.shape))
        weights = sum(int(np.prod(w.shape)) for w in model.networks[name].trainable_variables)
        assert values == 2 * weights, name  # the two moments of Adam


@every_model
def test_every_pass_of_the_generator_and_of_a_coupled_critic_sees_one_kind_of_image(config, name, monkeypatch):
    """Batch statistics of real, generated and reconstructed images must not mix."""
    model = build_model(config)
    coupled = {"generator": model.generator}
    if name == "alpha-wgan-gp-original":
        coupled = model.networks
    elif name == "r1-gan":
        coupled = {**coupled, "discriminator": model.discriminator}
    sizes = []
    for network in coupled.values():
        original = network.call
        monkeypatch.setattr(network, "call", lambda x, *a, f=original, **kw: sizes.append(x.shape[0]) or f(x, *a, **kw))
    model.train_step(batches(model))
    assert set(sizes) == {config.batch_size}


@every_model
def test_a_model_encodes_or_says_that_it_cannot(config):
    model = build_model(config)
    images = batches(model)[0]
    if model.encoder is None:
        assert "encoder" not in model_class(config.model).NETWORKS
        with pytest.raises(ValueError, match="has no encoder"):
            model.encode(images)
    else:
        latents = model.encode(images)
        assert latents.shape == (config.batch_size, config.latent_size)
        whole = model.build_networks(config, ["encoder"])["encoder"]
        whole.set_weights(model.encoder.get_weights())
        alone = model.latent_encoder(whole)
        np.testing.assert_allclose(alone(images, training=False), latents, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "vae"])
def test_augmentation_stands_before_the_critic_on_both_sides(config, monkeypatch):
    model = build_model(config.replace(augment="diffaugment"))
    judged, augmented, purposes = [], [], set()
    augment, critic = model._augment, model.discriminator.call

    def recorded(images, purpose, *step):
        purposes.add(purpose)
        augmented.append(augment(images, purpose, *step))
        return augmented[-1]

    monkeypatch.setattr(model, "_augment", recorded)
    monkeypatch.setattr(model.discriminator, "call", lambda x, *a, **kw: judged.append(x) or critic(x, *a, **kw))
    real = batches(model)
    model.train_step(real)
    assert purposes == {Purpose.CRITIC_AUGMENTATION, Purpose.GENERATOR_AUGMENTATION}
    seen = {image.numpy().tobytes() for images in judged for image in images}
    assert {image.numpy().tobytes() for images in augmented for image in images} <= seen
    assert not seen & {image.numpy().tobytes() for images in real for image in images}
