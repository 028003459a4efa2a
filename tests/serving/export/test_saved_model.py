"""The export, loaded back by its signature names as a client of TensorFlow would, against the model in process."""

import io
import itertools
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_thyroid.data.preprocessing import quantize
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.models.registry import build_model
from tfgan_thyroid.presets import preset
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_generator, weights_digest
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord, append_line, current_stack
from tfgan_thyroid.serving.export import saved_model
from tfgan_thyroid.serving.export.model_card import Provenance, add_findings
from tfgan_thyroid.serving.export.saved_model import export_encoder, export_generator
from tfgan_thyroid.serving.export.signatures import EncoderSignatures
from tfgan_thyroid.serving.image_folder import write_images
from tfgan_thyroid.training.new_run import parse_assignment


@pytest.fixture(scope="module", params=["float32", "mixed_bfloat16"])
def trained(request, tiny_config, tmp_path_factory):
    """A run directory with one checkpoint, and the model that wrote it."""
    config = tiny_config.replace(precision=request.param)
    record = RunRecord(config, "/data", "train", "digest", current_stack(), "0")
    run = RunDirectory.create(tmp_path_factory.mktemp("runs"), record)
    model = build_model(config)
    model.train_step(tf.random.stateless_uniform([4, config.batch_size, 16, 16, 1], [0, 0], -1.0, 1.0))
    checkpoints.save(run, model)
    return run, model


@pytest.fixture(scope="module")
def version(trained, tmp_path_factory):
    return export_generator(trained[0], tmp_path_factory.mktemp("saved_models") / "thyroid")


@pytest.fixture(scope="module")
def signatures(version):
    return tf.saved_model.load(str(version)).signatures


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_signatures_have_the_names_types_and_shapes_of_the_contract(signatures):
    assert set(signatures) == {"serving_default", "generate_from_latent"}
    by_seed, by_latent = signatures["serving_default"], signatures["generate_from_latent"]
    assert by_seed.structured_input_signature[1]["seed"] == tf.TensorSpec([None], tf.int64, name="seed")
    assert by_latent.structured_input_signature[1]["latent"] == tf.TensorSpec([None, 8], tf.float32, name="latent")
    assert by_seed.structured_outputs["image_bytes"].dtype == tf.string
    assert by_latent.structured_outputs["image"].shape.as_list() == [None, 16, 16, 1]


def test_served_images_equal_those_of_the_model_in_process(trained, signatures):
    _, model = trained
    seeds = tf.constant([0, 7, 123_456_789], tf.int64)
    served = [pixels(png) for png in signatures["serving_default"](seed=seeds)["image_bytes"].numpy()]
    expected = quantize(model.generate(seeds).numpy())[..., 0]
    # bfloat16 rounds each layer; the export is float32.
    tolerance = 1 if model.config.precision == "float32" else 12
    np.testing.assert_allclose(np.stack(served).astype(int), expected.astype(int), atol=tolerance)


def test_latents_go_straight_to_the_averaged_generator(trained, signatures):
    run, model = trained
    latents = tf.random.stateless_normal([3, 8], [1, 2])
    generator = load_generator(run.read().config, checkpoints.find(run, "latest"))
    images = signatures["generate_from_latent"](latent=latents)["image"]
    np.testing.assert_allclose(images, generator(latents), atol=1e-5)
    for exported, averaged in zip(generator.get_weights(), model.averaged_generator.get_weights(), strict=True):
        np.testing.assert_array_equal(exported, averaged)


def test_the_same_seed_gives_the_same_bytes_and_in_another_batch_the_same_image(signatures):
    serve = signatures["serving_default"]
    together = serve(seed=tf.constant([1, 2, 3], tf.int64))["image_bytes"].numpy()
    assert serve(seed=tf.constant([1, 2, 3], tf.int64))["image_bytes"].numpy().tolist() == together.tolist()
    alone = serve(seed=tf.constant([2], tf.int64))["image_bytes"].numpy()[0]
    difference = np.abs(pixels(alone).astype(int) - pixels(together[1]).astype(int))
    assert difference.max() <= 1
    assert len({pixels(png).tobytes() for png in together}) == 3


def test_a_generator_whose_export_computes_another_function_is_not_published(trained, tmp_path, monkeypatch):
    """A rectifier that leaks is a known layer in another form: only its images tell."""

    def leaking(config, checkpoint):
        generator = load_generator(config, checkpoint)
        layers = [
            keras.layers.ReLU(negative_slope=0.2) if isinstance(layer, keras.layers.ReLU) else layer
            for layer in generator.layers
        ]
        return keras.Sequential([keras.layers.Input((config.latent_size,)), *layers])

    monkeypatch.setattr(saved_model, "load_generator", leaking)
    with pytest.raises(UserError, match="'image' of 'generate_from_latent' differs from the trained network by"):
        export_generator(trained[0], tmp_path / "thyroid")
    assert not list((tmp_path / "thyroid").glob("*"))


def test_an_encoder_whose_export_computes_another_function_is_not_published(trained, tmp_path, monkeypatch):
    wrong = EncoderSignatures.serving_default
    monkeypatch.setattr(
        EncoderSignatures, "serving_default", lambda *args: {k: 1.1 * v for k, v in wrong(*args).items()}
    )
    with pytest.raises(UserError, match="'latent' of 'serving_default' differs"):
        export_encoder(trained[0], tmp_path / "encoder")
    assert not list((tmp_path / "encoder").glob("*"))


def test_versions_count_up_and_nothing_else_lies_beside_them(trained, tmp_path):
    output = tmp_path / "saved_models" / "thyroid"
    versions = [export_generator(trained[0], output) for _ in range(2)]
    assert [path.name for path in versions] == ["1", "2"]
    assert sorted(path.name for path in output.iterdir()) == ["1", "2"]


def test_the_export_is_small_and_holds_no_path_and_no_python(trained, version):
    weights = sum(weight.nbytes for weight in trained[1].generator.get_weights())
    graph = (version / "saved_model.pb").read_bytes()
    variables = sum(path.stat().st_size for path in (version / "variables").iterdir())
    assert variables < 1.1 * weights + 4096  # the index file has a fixed cost
    assert b"PyFunc" not in graph
    assert str(version.parents[1]).encode() not in graph


def test_the_model_card_tells_what_it_is(trained, version):
    run, _ = trained
    card = json.loads((version / "model_card.json").read_text())
    generator = load_generator(run.read().config, checkpoints.find(run, "latest"))
    assert card["model_digest"] == weights_digest(generator)
    assert (card["synthetic"], card["iteration"], card["dataset_digest"]) == (True, 1, "digest")
    assert "/data" not in json.dumps(card)
    text = (version / "model_card.md").read_text()
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "Verdict", "Signatures", "Data", "Training", "Metrics", "Memorisation audit", "Intended use",
        "What it must not be used for", "Limits",
    ]  # fmt: skip
    assert "- Diagnosis, or any decision about a person." in text
    assert f"| model digest | `{card['model_digest']}` |" in text and f"| licence | {card['licence']} |" in text


def test_the_card_gives_the_command_of_the_training(trained, version):
    config = trained[0].read().config
    command = json.loads((version / "model_card.json").read_text())["training_command"]
    assert f"```bash\n{command}\n```" in (version / "model_card.md").read_text()
    assert command.startswith("python -m tfgan_thyroid.train --data DATASET --preset paper --set ")
    words = command.split()
    told = dict(parse_assignment(value) for flag, value in itertools.pairwise(words) if flag == "--set")
    fixed = {"image_size": config.image_size, "channels": config.channels}
    assert preset("paper").replace(**told, **fixed) == config


def test_the_card_says_what_the_person_who_exports_says(trained, tmp_path):
    told = Provenance("made-up scans", "Apache-2.0")
    version = export_generator(trained[0], tmp_path / "thyroid", provenance=told)
    card = json.loads((version / "model_card.json").read_text())
    assert (card["data"], card["licence"]) == ("made-up scans", "Apache-2.0")
    text = (version / "model_card.md").read_text()
    assert "\nmade-up scans.\n" in text and "| licence | Apache-2.0 |" in text


def test_the_card_tells_the_last_audit_of_this_very_model_or_that_there_is_none(trained, version, tmp_path):
    run, _ = trained
    digest = json.loads((version / "model_card.json").read_text())["model_digest"]
    assert "None is recorded of this model" in (version / "model_card.md").read_text()
    audit = {
        "passed": False,
        "reasons": ["2 near copies"],
        "counts": {"held_out": 9},
        "held_out_rule": "eval",
        "spaces": [],
    }
    audits = [
        (digest, {**audit, "reasons": ["1 copy"]}),
        (digest, audit),
        (digest, None),
        ("of another model", {**audit, "passed": True}),
    ]
    for of, found in audits:
        append_line(run.metrics_file, {"iteration": 1, "evaluation": {"generated": {"digest": of}, "audit": found}})
    later = export_generator(run, tmp_path / "thyroid")
    run.metrics_file.unlink()
    card = json.loads((later / "model_card.json").read_text())
    assert card["audit"] == {name: audit[name] for name in ("passed", "reasons", "counts", "held_out_rule")}
    text = (later / "model_card.md").read_text()
    assert "FAILED: 2 near copies.\n\nImages: 9 held out. Unseen scans: eval." in text


def test_an_audit_after_the_export_is_added_to_the_card_and_changes_nothing_else(version, tmp_path):
    shutil.copytree(version, tmp_path / "1")
    before = json.loads((tmp_path / "1" / "model_card.json").read_text())
    audit = {"passed": True, "reasons": ["no copy was found"], "counts": {"generated": 4}, "held_out_rule": "test"}
    add_findings(tmp_path / "1", {"audit": audit})
    assert json.loads((tmp_path / "1" / "model_card.json").read_text()) == {**before, "audit": audit}
    assert "Passed: no copy was found." in (tmp_path / "1" / "model_card.md").read_text()


def test_generated_files_are_the_served_images_and_say_what_they_are(trained, signatures, tmp_path):
    run, _ = trained
    generator = load_generator(run.read().config, checkpoints.find(run, "latest"))
    manifest = write_images(generator, tmp_path / "out", count=5, seed=10, batch_size=3, facts={"run": "r"})
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [entry["seed"] for entry in manifest["images"]] == [10, 11, 12, 13, 14]
    served = signatures["serving_default"](seed=tf.range(10, 15, dtype=tf.int64))["image_bytes"].numpy()
    for entry, png in zip(manifest["images"], served, strict=True):
        with Image.open(tmp_path / "out" / entry["file"]) as image:
            assert image.text["Synthetic"] == "true"
            assert image.text["Model digest"] == weights_digest(generator)
            assert image.text["Seed"] == str(entry["seed"])
            assert np.abs(np.asarray(image).astype(int) - pixels(png).astype(int)).max() <= 1


def test_a_folder_that_holds_something_is_not_touched(trained, tmp_path):
    run, _ = trained
    generator = load_generator(run.read().config, checkpoints.find(run, "latest"))
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UserError, match="holds something already"):
        write_images(generator, tmp_path, count=1, seed=0, batch_size=1, facts={})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
