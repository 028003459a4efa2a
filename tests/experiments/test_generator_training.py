"""What a table's training finds in its directory: a stopped plan's run is taken only where it is the same training."""

import pytest

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.experiments import generator_training
from tfgan_thyroid.presets import TUNED
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.training.new_run import new_record

SMALL = {"image_size": 16, "width": 4, "iterations": 6}


@pytest.fixture
def started(dataset, tmp_path):
    """The run of a plan that was stopped before its first checkpoint."""
    record = new_record(dataset, "train", "paper-tuned", SMALL)
    RunDirectory.create(tmp_path / "gan", record)
    return record.config


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data_augmentation": "conventional"}, "data_augmentation is 'none', here 'conventional'"),
        ({"iterations": 8}, "iterations is 6, here 8"),
        ({"learning_rate": 1.0}, f"learning_rate is {TUNED['learning_rate']}, here 1.0"),
    ],
)
def test_a_training_with_other_settings_is_refused(started, dataset, tmp_path, change, words):
    with pytest.raises(UserError, match=rf"another plan \({words}\): give another --output, or remove it"):
        generator_training.train_by_command(
            dataset, "train", "paper-tuned", started.replace(**change), tmp_path / "gan"
        )


def test_a_training_on_other_data_is_refused(started, make_dataset, tmp_path):
    other = make_dataset(tmp_path / "other", seed=1)
    with pytest.raises(UserError, match="dataset_digest is '[a-z0-9-]+', here 'digest-1'"):
        generator_training.train_by_command(other, "train", "paper-tuned", started, tmp_path / "gan")


def test_a_training_that_writes_more_or_less_is_the_same(started, dataset, tmp_path, monkeypatch):
    asked = []

    class StoppedError(Exception):
        pass

    def start(words, stdout):
        asked.append(words)
        raise StoppedError

    monkeypatch.setattr(generator_training.subprocess, "Popen", start)
    with pytest.raises(StoppedError):
        generator_training.train_by_command(
            dataset, "train", "paper-tuned", started.replace(log_every=1), tmp_path / "gan"
        )
    assert asked[0][3:5] == ["--resume", "latest"]
