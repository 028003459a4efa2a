import time

from pipeline.preprocessing.progress import PROGRESS_SUFFIX, watched_progress


def test_the_bar_adds_up_what_all_workers_have_done(tmp_path, capsys):
    with watched_progress(tmp_path, total=10, unit="scan"):
        for worker, done in (("a", 3), ("b", 4)):
            (tmp_path / worker).with_suffix(PROGRESS_SUFFIX).write_bytes(b"." * done)
        (tmp_path / "a.bin").write_bytes(b"pixels")
    assert "7/10" in capsys.readouterr().err


def test_the_bar_ends_at_once_when_the_work_does(tmp_path, capsys):
    started = time.monotonic()
    with watched_progress(tmp_path, total=1, unit="scan"):
        pass
    assert time.monotonic() - started < 2.0
    assert "0/1" in capsys.readouterr().err
