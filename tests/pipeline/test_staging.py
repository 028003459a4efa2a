import os
import signal

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
