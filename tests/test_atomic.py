import errno
import os

import pytest

from tfgan_thyroid import atomic


def test_a_directory_appears_when_its_block_ends_well(tmp_path):
    target = tmp_path / "parent" / "out"
    with atomic.new_directory(target) as temporary:
        (temporary / "file").write_text("content")
        assert not target.exists()
    assert (target / "file").read_text() == "content"
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_nothing_stays_when_the_block_fails(tmp_path):
    with pytest.raises(RuntimeError, match="half way"), atomic.new_directory(tmp_path / "out") as temporary:
        (temporary / "file").write_text("half")
        raise RuntimeError("half way")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "file"
    atomic.write_text(path, "first")
    atomic.write_text(path, "second")
    assert path.read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_told_with_the_name_of_the_file_and_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device: .*wanted.png"):
        atomic.write_bytes(tmp_path / "wanted.png", b"content")
    assert list(tmp_path.iterdir()) == []


def test_files_are_readable_as_ordinary_ones_are(tmp_path):
    path, ordinary = tmp_path / "file", tmp_path / "ordinary"
    atomic.write_text(path, "")
    ordinary.write_text("")
    assert path.stat().st_mode == ordinary.stat().st_mode
