import os
import signal
from pathlib import Path

import pytest

from pipeline.staging import check_output, publish, staging_directory
from tfgan_thyroid.errors import UserError


def dataset(path, content):
    path.mkdir()
    (path / "dataset.json").write_text(content)
    return path


def test_a_directory_appears_whole_with_the_usual_permissions(tmp_path):
    with staging_directory(tmp_path / "new" / "set") as staging:
        (staging / "dataset.json").write_text("1")
        assert not (tmp_path / "new" / "set").exists()
        publish(staging, tmp_path / "new" / "set")
    assert os.listdir(tmp_path / "new") == ["set"]
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "new" / "set").stat().st_mode & 0o777 == 0o777 & ~mask


def test_a_failure_leaves_the_old_directory_and_nothing_else(tmp_path):
    old = dataset(tmp_path / "set", "old")
    with pytest.raises(RuntimeError), staging_directory(old) as staging:
        (staging / "dataset.json").write_text("new")
        raise RuntimeError
    assert os.listdir(tmp_path) == ["set"]
    assert (old / "dataset.json").read_text() == "old"


def test_a_new_directory_takes_the_place_of_the_old(tmp_path):
    old = dataset(tmp_path / "set", "old")
    with staging_directory(old) as staging:
        (staging / "dataset.json").write_text("new")
        publish(staging, old)
    assert os.listdir(tmp_path) == ["set"]
    assert (old / "dataset.json").read_text() == "new"


@pytest.mark.parametrize("exchange", [True, False])
def test_the_old_directory_is_never_missing_while_it_is_replaced(tmp_path, monkeypatch, exchange):
    old = dataset(tmp_path / "set", "old")
    if not exchange:
        monkeypatch.setattr("pipeline.staging._exchange", lambda *_: False)
    renamed = []
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda *paths: renamed.append(paths) or rename(*paths))
    with staging_directory(old) as staging:
        (staging / "dataset.json").write_text("new")
        publish(staging, old)
    # One step where the system can exchange two names, as Linux can; else two, with a moment between them.
    assert len(renamed) == (0 if exchange else 2)
    assert os.listdir(tmp_path) == ["set"]
    assert (old / "dataset.json").read_text() == "new"


def test_what_killed_jobs_have_left_is_removed_and_what_living_ones_write_is_not(tmp_path):
    left = tmp_path / ".set.abc.partial"
    left.mkdir()
    (left / "spill").touch()
    other = tmp_path / ".set2.abc.partial"
    other.mkdir()
    with staging_directory(tmp_path / "set") as living:
        assert not left.exists()
        with staging_directory(tmp_path / "set") as second:
            assert living.is_dir() and second.is_dir()
        assert living.is_dir() and not second.exists()
    assert os.listdir(tmp_path) == [other.name]


def test_termination_cleans_up(tmp_path):
    with pytest.raises(KeyboardInterrupt), staging_directory(tmp_path / "set"):
        os.kill(os.getpid(), signal.SIGTERM)
    assert os.listdir(tmp_path) == []
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_is_no_dataset_is_never_replaced(tmp_path):
    check_output(tmp_path / "new", overwrite=False)
    (tmp_path / "empty").mkdir()
    check_output(tmp_path / "empty", overwrite=False)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1").touch()
    (tmp_path / "file").touch()
    for path in (tmp_path / "thesis", tmp_path / "file"):
        with pytest.raises(UserError, match="is no dataset directory"):
            check_output(path, overwrite=True)
    old = dataset(tmp_path / "set", "old")
    check_output(old, overwrite=True)
    with pytest.raises(UserError, match="exists: give --overwrite"):
        check_output(old, overwrite=False)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to .*file"), staging_directory(tmp_path / "file" / "set"):
        pass
