import pytest

from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.runs.run_directory import RunDirectory, RunRecord
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.record import SegmentationRecord, open_run, read_record

CONFIG = SegmentationConfig(image_size=32, width=8)
UNET = SegmentationRecord(CONFIG, "/data", "/pairs", "digest", "other", ["a", "b"], 3, {"keras": "3"}, "0")
GENERATIVE = RunRecord(Config(), "/data", "train", "digest", {"keras": "3"}, "0")


def test_a_record_comes_back_as_it_was_written(tmp_path):
    run = RunDirectory.create(tmp_path, UNET)
    assert run.path.name == "00000-unet-32px-2real-3generated"
    assert read_record(RunDirectory.open(run.path)) == UNET


def test_the_latest_run_is_the_latest_of_its_kind_and_numbers_are_shared(tmp_path):
    runs = [RunDirectory.create(tmp_path, record).path for record in (GENERATIVE, UNET, UNET, GENERATIVE)]
    assert [path.name[:5] for path in runs] == ["00000", "00001", "00002", "00003"]
    assert open_run(tmp_path, "latest").path == runs[2]
    assert RunDirectory.latest(tmp_path).path == runs[3]
    assert open_run(tmp_path, str(runs[1])).path == runs[1]


def test_a_run_of_the_other_kind_is_told_by_its_command(tmp_path):
    generative, unet = (RunDirectory.create(tmp_path, record) for record in (GENERATIVE, UNET))
    with pytest.raises(UserError, match="is a run of tfgan_thyroid.train, not of tfgan_thyroid.segment"):
        read_record(generative)
    with pytest.raises(UserError, match="is a run of tfgan_thyroid.segment, not of tfgan_thyroid.train"):
        unet.read()


def test_nothing_to_resume_is_told(tmp_path):
    RunDirectory.create(tmp_path, GENERATIVE)
    with pytest.raises(UserError, match="no run directory of"):
        open_run(tmp_path, "latest")


def test_a_record_of_another_version_is_told(tmp_path):
    run = RunDirectory.create(tmp_path, UNET)
    run.config_file.write_text(run.config_file.read_text().replace('"width"', '"breadth"'))
    with pytest.raises(UserError, match="another version.*breadth"):
        read_record(run)


def test_the_defaults_are_the_papers():
    c = SegmentationConfig()
    assert (c.width, c.batch_size, c.epochs, c.loss, c.learning_rate, c.decay_every, c.decay_rate) == (
        *(64, 16, 60, "bce", 0.01, 20, 0.1),
    )
    assert (c.early_stopping, c.augmentation) == (0, "none")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("loss", "focal", "choose one of bce, dice, both"),
        ("augmentation", "heavy", "none, conventional"),
        ("image_size", 8, "at least 16"),
        ("image_size", 100, "4 . 2.n"),
        ("width", 0, "at least 1"),
        ("early_stopping", -1, "0 or more"),
        ("learning_rate", 0.0, "above 0"),
        ("learning_rate", float("nan"), "above 0"),
    ],
)
def test_a_value_that_cannot_be_is_told(field, value, words):
    with pytest.raises(UserError, match=words):
        CONFIG.replace(**{field: value})


def test_assignments_know_their_fields_and_types():
    assert SegmentationConfig.parse_assignment("learning_rate=0.001") == ("learning_rate", 0.001)
    assert SegmentationConfig.parse_assignment("early_stopping=5") == ("early_stopping", 5)
    with pytest.raises(UserError, match="early_stopping is of type int"):
        SegmentationConfig.parse_assignment("early_stopping=long")
    with pytest.raises(UserError, match="there is no field 'patience'; choose from image_size"):
        SegmentationConfig.parse_assignment("patience=5")
