import os

import pytest

from pipeline.preprocessing.inputs.name_lists import parse_split_lists, read_group_file, read_split_lists
from tfgan_thyroid.errors import UserError

NAMES = [b"a/1.png", b"a/2.png", b"b/1.png", b"b/3.jpg", b"\xff.png"]


@pytest.fixture
def write(tmp_path):
    def text_file(name, text):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / name)

    return text_file


def test_lists_are_read_in_the_order_of_the_splits_and_commas_belong_to_file_names():
    assert list(parse_split_lists("test=c,d.txt,train=a.txt").items()) == [("train", "a.txt"), ("test", "c,d.txt")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train", "'train' is not SPLIT=FILE"),
        ("train=", "is not SPLIT=FILE"),
        ("valid=a.txt", "'valid=a.txt' is not SPLIT=FILE with one of train, eval, test"),
        ("train=a.txt,train=b.txt", "is given twice"),
    ],
)
def test_wrong_lists_of_lists_say_what_is_wrong(text, words):
    with pytest.raises(UserError, match=words):
        parse_split_lists(text)


def test_a_line_is_a_path_a_file_name_or_a_stem(write):
    files = {
        "train": write("train.txt", "a/1.png\r\n\n  2.png \n"),
        "test": write("test.txt", b"3\n\xff.png\n"),
    }
    assert read_split_lists(files, NAMES) == {
        b"a/1.png": "train",
        b"a/2.png": "train",
        b"b/3.jpg": "test",
        b"\xff.png": "test",
    }


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        ("1.png", "", "'1.png' may mean 'a/1.png', 'b/1.png': give the path"),
        ("4\n5\n6\n7.png", "", "names '4', '5', '6' and 1 more, not in the input"),
        ("a/1.png", "a/1.png", "'a/1.png' stands in the lists of train and test"),
    ],
)
def test_a_line_that_is_no_one_scan_is_refused(write, train, test, words):
    with pytest.raises(UserError, match=words):
        read_split_lists({"train": write("train.txt", train), "test": write("test.txt", test)}, NAMES)


def test_a_table_gives_groups_whatever_else_it_holds(write):
    table = write("t.csv", '\ufeffgroup,age, file\nanna,30,a/1.png\n"b, c",40,3.jpg\nzoe,50,not here.png\n')
    assert read_group_file(table, NAMES) == {b"a/1.png": "anna", b"b/3.jpg": "b, c"}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_may_be_what_a_spreadsheet_of_any_country_writes(write, mark):
    table = write("t.csv", f"file{mark}group\r\na/1.png{mark}x\r\n3{mark}y\r\n")
    assert read_group_file(table, NAMES) == {b"a/1.png": "x", b"b/3.jpg": "y"}


def test_bytes_that_are_no_table_are_told_in_short_lines(write):
    noise = bytes(range(256)) * 40
    with pytest.raises(UserError) as table:
        read_group_file(write("t.csv", b"file,group\n" + b"x" * 200_000 + noise), NAMES)
    with pytest.raises(UserError) as lines:
        read_split_lists({"train": write("t.txt", noise)}, NAMES)
    for caught in (table, lines):
        assert len(str(caught.value)) < 2000


def test_names_that_are_no_text_stand_in_tables_too(write):
    assert read_group_file(write("t.csv", b"file,group\n\xff.png,\xfe\n"), NAMES) == {b"\xff.png": os.fsdecode(b"\xfe")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,patient\na/1.png,x\n", "has no columns file and group"),
        ("", "has no columns file and group"),
        ("file,group\na/1.png,\n", "'a/1.png' has no group"),
        ("file,group\na/1.png\n", "'a/1.png' has no group"),
        ("file,group\na/1.png,x\na/1.png,y\n", "'a/1.png' stands in two groups"),
        ("file,group\nnot here,x\n", "names none of the 5 files"),
        ("file,group\n1,x\n", "may mean"),
    ],
)
def test_a_table_that_does_not_tell_groups_is_refused(write, text, words):
    with pytest.raises(UserError, match=words):
        read_group_file(write("t.csv", text), NAMES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("prefix", ["", "./", ".\\"])
def test_lists_and_tables_are_read_as_editors_shells_and_find_write_them(write, encoding, prefix):
    names = [os.fsencode(name) for name in ("p1/Schilddr\u00fcse.png", "p2/b.png")]
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    lines = [
        f"{prefix}p1\\Schilddru\u0308se.png" if "\\" in prefix else f"{prefix}p1/Schilddru\u0308se.png",
        f"{prefix}b",
    ]
    listed = write("train.txt", mark + "\r\n".join(lines).encode(encoding))
    assert read_split_lists({"train": listed}, names) == dict.fromkeys(names, "train")
    table = write("groups.csv", mark + f"file,group\r\n{lines[0]},M\u00fcller\r\nb,Mu\u0308ller\r\n".encode(encoding))
    assert read_group_file(table, names) == dict.fromkeys(names, "M\u00fcller")


@pytest.mark.parametrize("content", ["a/1.png\n".encode("utf-16-le"), "a/1.png\n".encode("utf-32"), b"\xff\xfea"])
def test_text_of_an_encoding_that_nothing_names_is_refused(write, content):
    for read in (lambda file: read_split_lists({"train": file}, NAMES), lambda file: read_group_file(file, NAMES)):
        with pytest.raises(UserError, match="save it as UTF-8"):
            read(write("list.txt", content))
