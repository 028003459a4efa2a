import os

import pytest

from pipeline.preprocessing.inputs.find_scans import find_scans
from tfgan_thyroid.errors import UserError


def touch(root, *names):
    for name in names:
        path = os.path.join(os.fsencode(root), name if isinstance(name, bytes) else name.encode())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()


def names(*arguments):
    return [scan.name for scan in find_scans(*map(str, arguments))]


def test_folders_are_read_with_their_sub_folders_and_hidden_files_are_left_out(tmp_path):
    touch(tmp_path, "b.png", "a/c.jpg", "a/notes.txt", ".DS_Store", "a/._c.jpg", ".git/x.png")
    assert names(tmp_path) == [b"a/c.jpg", b"a/notes.txt", b"b.png"]


def test_names_of_every_kind_survive(tmp_path):
    odd = [b"\xff\xfe.png", b"a b.png", b"line\nbreak.png", "größe.png".encode()]
    touch(tmp_path, *odd)
    found = find_scans(str(tmp_path))
    assert [scan.name for scan in found] == sorted(odd)
    assert all(os.path.exists(scan.path) for scan in found)


def test_links_are_followed_and_loops_end(tmp_path):
    touch(tmp_path / "scans", "a.png")
    touch(tmp_path / "elsewhere", "b.png")
    (tmp_path / "scans" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "scans" / "loop").symlink_to(tmp_path / "scans")
    (tmp_path / "scans" / "dangling.png").symlink_to(tmp_path / "missing")
    assert names(tmp_path / "scans") == [b"a.png", b"dangling.png", b"linked/b.png", b"loop"]


def test_a_glob_names_files_from_its_fixed_part_on(tmp_path):
    touch(tmp_path, "p1/a.png", "p1/b.jpg", "p2/deep/c.png", "d.png")
    assert names(f"{tmp_path}/p*/*.png") == [b"p1/a.png"]
    assert names(f"{tmp_path}/**/*.png") == [b"d.png", b"p1/a.png", b"p2/deep/c.png"]
    assert names(f"{tmp_path}/p*") == [b"p1/a.png", b"p1/b.jpg", b"p2/deep/c.png"]
    assert names(f"{tmp_path}/p1/a.png") == [b"a.png"]


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path):
    touch(tmp_path / "scans[1]", "a.png")
    assert names(tmp_path / "scans[1]") == [b"a.png"]


def test_masks_are_found_by_path_and_else_by_name(tmp_path):
    touch(tmp_path / "scans", "x/a.jpg", "y/a.jpg", "b.png", "c.png", "d.png")
    touch(tmp_path / "masks", "x/a.png", "y/a.png", "deep/b.bmp", "c.png", "c.tif")
    found = {
        scan.name: scan.mask and scan.mask.source.path
        for scan in find_scans(str(tmp_path / "scans"), str(tmp_path / "masks"))
    }
    masks = os.fsencode(tmp_path / "masks")
    assert found == {
        b"x/a.jpg": masks + b"/x/a.png",
        b"y/a.jpg": masks + b"/y/a.png",
        b"b.png": masks + b"/deep/b.bmp",
        b"c.png": None,  # two of that name
        b"d.png": None,
    }


def test_masks_below_the_input_are_not_taken_for_scans(tmp_path):
    touch(tmp_path, "images/a.png", "masks/a.png")
    assert names(tmp_path, tmp_path / "masks") == [b"images/a.png"]
    with pytest.raises(UserError, match="--input .*images --masks .*masks"):
        find_scans(str(tmp_path))


def test_missing_and_empty_folders_are_named(tmp_path):
    touch(tmp_path / "hidden", ".DS_Store")
    touch(tmp_path / "scans", "a.png")
    for missing in (tmp_path / "missing", f"{tmp_path}/hidden", f"{tmp_path}/*.tif"):
        with pytest.raises(UserError, match="is not there|no files in"):
            find_scans(str(missing))
    with pytest.raises(UserError, match="mask folder .*missing is not there"):
        find_scans(str(tmp_path / "scans"), str(tmp_path / "missing"))
