import json
import threading

import pytest

from pipeline.components.pusher import model_digest, push, roll_back, versions
from tfgan_thyroid.errors import UserError


def model(tmp_path, digest):
    path = tmp_path / f"model-{digest}"
    (path / "variables").mkdir(parents=True)
    (path / "variables" / "data").write_bytes(digest.encode() * 100_000)
    (path / "saved_model.pb").write_text(digest)
    (path / "model_card.json").write_text(json.dumps({"model_digest": digest}))
    return path


def numbers(serving_dir):
    return [int(path.name) for path in versions(serving_dir)]


def test_each_model_becomes_the_next_version_and_the_oldest_go(tmp_path):
    serving = tmp_path / "saved" / "thyroid"
    for digest in "abcd":
        push(model(tmp_path, digest), serving, keep=3)
    assert numbers(serving) == [2, 3, 4]
    assert [model_digest(path) for path in versions(serving)] == ["b", "c", "d"]
    assert sorted(path.name for path in serving.iterdir()) == ["2", "3", "4"]


def test_the_same_model_is_pushed_once(tmp_path):
    serving, same = tmp_path / "thyroid", model(tmp_path, "a")
    assert push(same, serving, keep=3) == push(same, serving, keep=3)
    assert numbers(serving) == [1]


def test_an_earlier_version_is_served_again_on_top(tmp_path):
    serving = tmp_path / "thyroid"
    for digest in "abc":
        push(model(tmp_path, digest), serving, keep=5)
    assert model_digest(roll_back(serving)) == "b"
    assert model_digest(roll_back(serving, 1)) == "a"
    assert numbers(serving) == [1, 2, 3, 4, 5]


def test_there_must_be_something_to_go_back_to(tmp_path):
    push(model(tmp_path, "a"), tmp_path / "thyroid", keep=3)
    with pytest.raises(UserError, match="holds 1 version"):
        roll_back(tmp_path / "thyroid")
    with pytest.raises(UserError, match="no version 7: there are 1"):
        roll_back(tmp_path / "thyroid", 7)


def test_a_reader_never_meets_half_a_version(tmp_path):
    serving, broken, done = tmp_path / "thyroid", [], threading.Event()
    models = [model(tmp_path, digest) for digest in "abcdefgh"]

    def read():
        while not done.is_set():
            for path in versions(serving)[-1:]:
                if not (path / "model_card.json").is_file() or not (path / "variables" / "data").is_file():
                    broken.append(path)

    reader = threading.Thread(target=read)
    reader.start()
    for each in models:
        push(each, serving, keep=3)
    done.set()
    reader.join()
    assert broken == []
