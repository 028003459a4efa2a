"""A whole U-Net run in process: what it leaves behind, and that a stopped and resumed one equals it to the bit."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.checkpoints import list_checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory, read_lines
from tfgan_thyroid.segmentation import checkpoints
from tfgan_thyroid.segmentation.examples import load_examples
from tfgan_thyroid.segmentation.fit import fit_unet, is_finished, train_unet
from tfgan_thyroid.segmentation.metrics import confusion
from tfgan_thyroid.segmentation.model import SegmentationModel
from tfgan_thyroid.segmentation.new_run import new_record, resumed_record
from tfgan_thyroid.segmentation.record import read_record
from tfgan_thyroid.segmentation.training_log import SegmentationLog

EPOCHS, STEPS = 4, 4  # 20 labelled scans in batches of 6
OVERRIDES = {"width": 4, "batch_size": 6, "checkpoint_every": 2, "overlay_every": 2, "augmentation": "conventional"}


def start(dataset, outdir, synthetic=None, **overrides):
    record, data = new_record(dataset, synthetic, {**OVERRIDES, "epochs": EPOCHS, **overrides})
    return RunDirectory.create(outdir, record), data


def resume(run, **overrides):
    record, data = resumed_record(read_record(run), None, None, overrides)
    run.write(record)
    return fit_unet(run, data)


def checkpoint_values(run):
    reader = tf.train.load_checkpoint(str(checkpoints.find(run) / "state"))
    names = sorted(name for name in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in name)
    return {name: np.asarray(reader.get_tensor(name)) for name in names}


def without_seconds(lines):
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def assert_same_end(run, whole):
    np.testing.assert_equal(checkpoint_values(run), checkpoint_values(whole))
    assert without_seconds(read_lines(run.stats_file)) == without_seconds(read_lines(whole.stats_file))
    assert read_lines(run.metrics_file) == read_lines(whole.metrics_file)


@pytest.fixture(scope="module")
def whole(labelled_dataset, tmp_path_factory):
    run, data = start(labelled_dataset, tmp_path_factory.mktemp("whole"))
    fit_unet(run, data)
    return run


def test_a_run_leaves_a_line_for_each_epoch_and_its_last_checkpoints(whole):
    assert whole.path.name == "00000-unet-16px-20real"
    stats, metrics = read_lines(whole.stats_file), read_lines(whole.metrics_file)
    assert [line["epoch"] for line in stats] == [line["epoch"] for line in metrics] == [1, 2, 3, 4]
    assert [line["iteration"] for line in stats] == [4, 8, 12, 16]
    assert set(stats[0]) == {
        *("iteration", "epoch", "segmentation_loss", "bce", "dice_loss", "learning_rate", "seconds")
    }
    assert stats[-1]["bce"] < stats[0]["bce"]
    assert [int(path.name) for path in list_checkpoints(whole)] == [8, 16]


def test_the_eval_split_is_scored_by_the_mean_over_its_images(whole, labelled_dataset):
    _, data = resumed_record(read_record(whole), None, None, {})
    model = fit_unet(whole, data)
    predicted = model.predict_masks(data.validation.images)
    dice = [confusion(*pair).dice for pair in zip(data.validation.masks[..., 0], predicted, strict=True)]
    assert len(dice) == 6
    assert read_lines(whole.metrics_file)[-1]["eval_dice"] == pytest.approx(np.mean(dice))


def test_tensorboard_holds_losses_dice_overlays_and_hyper_parameters_and_no_path(whole):
    tags = {}
    for path in whole.tensorboard.glob("events*"):
        assert read_record(whole).data.encode() not in path.read_bytes()
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            for value in tf.compat.v1.Event.FromString(record).summary.value:
                tags.setdefault(value.metadata.plugin_data.plugin_name, set()).add(value.tag)
    assert {"losses/bce", "losses/dice_loss", "losses/learning_rate", "metrics/eval_dice"} <= tags["scalars"]
    assert tags["images"] == {"overlays"}
    assert tags["hparams"]


def test_a_run_that_is_stopped_within_an_epoch_and_resumed_for_longer_equals_the_whole_one_to_the_bit(
    labelled_dataset, whole, tmp_path, monkeypatch
):
    run, data = start(labelled_dataset, tmp_path, epochs=3)
    original = SegmentationLog.on_train_batch_end

    def stopping(self, batch, logs=None):
        original(self, batch, logs)
        self.model.stop_training = int(self.model.iteration.numpy()) == 6

    monkeypatch.setattr(SegmentationLog, "on_train_batch_end", stopping)
    model = fit_unet(run, data)
    assert int(model.iteration) == 6
    assert not is_finished(run, model)
    monkeypatch.undo()
    assert is_finished(run, resume(run, epochs=EPOCHS))
    assert_same_end(run, whole)


def test_what_a_killed_run_logged_after_its_last_checkpoint_is_not_logged_twice(
    labelled_dataset, whole, tmp_path, monkeypatch
):
    run, data = start(labelled_dataset, tmp_path)
    original = SegmentationLog.on_train_batch_end

    def killed(self, batch, logs=None):
        original(self, batch, logs)
        if int(self.model.iteration.numpy()) == 14:
            raise KeyboardInterrupt

    monkeypatch.setattr(SegmentationLog, "on_train_batch_end", killed)
    with pytest.raises(KeyboardInterrupt):
        fit_unet(run, data)
    monkeypatch.undo()
    assert [line["epoch"] for line in read_lines(run.stats_file)] == [1, 2, 3]
    assert int(checkpoints.find(run).name) == 8
    resume(run)
    assert_same_end(run, whole)


def test_a_resumed_run_does_not_change_what_it_computes(whole):
    with pytest.raises(UserError, match="a resumed run keeps its loss .'bce', not 'dice'."):
        resume(whole, loss="dice")
    with pytest.raises(UserError, match="this one has no generated pairs"):
        resumed_record(read_record(whole), None, whole.path, {})


def test_training_without_a_run_directory_gives_the_same_network(labelled_dataset, whole):
    record, data = resumed_record(read_record(whole), None, None, {})
    expected, found = fit_unet(whole, data), train_unet(record.config, data.labelled)
    for a, b in zip(expected.unet.get_weights(), found.unet.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_generated_pairs_lengthen_the_epoch_and_are_bound_to_the_run(make_labelled_dataset, tmp_path):
    labelled = make_labelled_dataset(tmp_path / "labelled", {"train": 12, "test": 2})
    generated = make_labelled_dataset(tmp_path / "generated", {"train": 10}, seed=7)
    run, data = start(labelled, tmp_path, generated, epochs=1, synthetic_limit=8, labelled_limit=10)
    assert run.path.name.endswith("unet-16px-10real-8generated")
    assert data.epoch_steps(read_record(run).config) == 3
    fit_unet(run, data)
    assert [line["iteration"] for line in read_lines(run.stats_file)] == [3]
    assert not run.metrics_file.exists()  # there is no eval split
    other = make_labelled_dataset(tmp_path / "other", {"train": 10}, seed=8)
    with pytest.raises(UserError, match="does not hold the generated pairs"):
        resumed_record(read_record(run), None, other, {})


def test_early_stopping_ends_after_its_patience_and_takes_the_best_epoch(labelled_dataset, tmp_path, monkeypatch):
    scores = iter([0.2, 0.5, 0.4, 0.3, 0.9])
    monkeypatch.setattr(
        SegmentationLog, "_validate", lambda self, examples: {"eval_dice": next(scores), "eval_iou": 0.0}
    )
    run, data = start(labelled_dataset, tmp_path, epochs=9, early_stopping=2)
    model = fit_unet(run, data)
    assert [line["epoch"] for line in read_lines(run.stats_file)] == [1, 2, 3, 4]
    assert model.epoch == 2
    assert is_finished(run, model)
    assert resume(run).epoch == 2
    assert len(read_lines(run.stats_file)) == 4


def test_early_stopping_needs_an_eval_split(make_labelled_dataset, tmp_path):
    dataset = make_labelled_dataset(tmp_path / "no-eval", {"train": 4, "test": 2})
    with pytest.raises(UserError, match="early_stopping watches the eval split, and .* has none"):
        start(dataset, tmp_path, early_stopping=2)


def test_nan_stops_in_words_and_keeps_the_last_good_checkpoint(labelled_dataset, tmp_path, monkeypatch):
    run, data = start(labelled_dataset, tmp_path)
    original = SegmentationModel.train_step

    def poisoned(self, examples):
        losses = original(self, examples)
        return {**losses, "bce": losses["bce"] + tf.where(self.iteration > 9, float("nan"), 0.0)}

    monkeypatch.setattr(SegmentationModel, "train_step", poisoned)
    with pytest.raises(UserError, match="diverged at iteration 10: bce is nan: .*learning_rate"):
        fit_unet(run, data)
    with pytest.raises(UserError, match="diverged at iteration 10: bce is nan: .*; resumed, this run would repeat"):
        fit_unet(run, data)
    assert [int(path.name) for path in list_checkpoints(run)] == [8]


def test_generated_pairs_that_are_test_scans_are_refused(labelled_dataset, tmp_path):
    test = load_examples(labelled_dataset, "test")
    for kind in ("images", "masks"):
        (tmp_path / "copies" / kind).mkdir(parents=True)
    (tmp_path / "copies" / "images" / "a.png").write_bytes(encode_png(test.images[3, ..., 0]))
    (tmp_path / "copies" / "masks" / "a.png").write_bytes(encode_png(255 * test.masks[3, ..., 0].astype(np.uint8)))
    with pytest.raises(UserError, match="1 of the generated images are scans of the test split"):
        start(labelled_dataset, tmp_path, tmp_path / "copies")


def test_a_test_split_that_is_empty_is_told_before_training(make_labelled_dataset, tmp_path):
    dataset = make_labelled_dataset(tmp_path / "train-only", {"train": 4})
    with pytest.raises(UserError, match="no records in split 'test'"):
        start(dataset, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_what_the_data_set_fixes_cannot_be_overridden(labelled_dataset, tmp_path):
    with pytest.raises(UserError, match="image_size is 16 in"):
        start(labelled_dataset, tmp_path, image_size=32)
    with pytest.raises(UserError, match="give --synthetic too"):
        start(labelled_dataset, tmp_path, synthetic_limit=3)
