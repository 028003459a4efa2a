import json
import logging
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from pipeline.components.pusher import Pusher, card_digest, push, roll_back, withdrawn
from pipeline.components.workplace import Workplace
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.versions import versions_in


def model(tmp_path, digest):
    path = tmp_path / f"model-{digest}"
    (path / "variables").mkdir(parents=True)
    (path / "variables" / "data").write_bytes(digest.encode() * 100_000)
    (path / "saved_model.pb").write_text(digest)
    (path / "model_card.json").write_text(json.dumps({"model_digest": digest}))
    return path


def numbers(serving_dir):
    return list(versions_in(serving_dir))


def test_each_model_becomes_the_next_version_and_the_oldest_go(tmp_path):
    serving = tmp_path / "saved" / "thyroid"
    for digest in "abcd":
        push(model(tmp_path, digest), serving, keep=3)
    assert numbers(serving) == [2, 3, 4]
    assert [card_digest(path) for path in versions_in(serving).values()] == ["b", "c", "d"]
    assert sorted(path.name for path in serving.iterdir()) == ["2", "3", "4"]


def test_a_version_with_leading_zeros_counts_as_its_number(tmp_path):
    serving = tmp_path / "thyroid"
    for name in ("0009", "10", "²", "x"):
        (serving / name).mkdir(parents=True)
    push(model(tmp_path, "a"), serving, keep=2)
    assert sorted(path.name for path in serving.iterdir()) == ["10", "11", "x", "²"]


def test_the_same_model_is_pushed_once(tmp_path):
    serving, same = tmp_path / "thyroid", model(tmp_path, "a")
    assert push(same, serving, keep=3) == push(same, serving, keep=3)
    assert numbers(serving) == [1]


def test_an_earlier_version_is_served_again_on_top(tmp_path):
    serving = tmp_path / "thyroid"
    for digest in "abc":
        push(model(tmp_path, digest), serving, keep=5)
    assert card_digest(roll_back(serving)) == "b"
    assert card_digest(roll_back(serving, 1)) == "a"
    assert numbers(serving) == [1, 2, 3, 4, 5]


def test_there_must_be_something_to_go_back_to(tmp_path):
    push(model(tmp_path, "a"), tmp_path / "thyroid", keep=3)
    with pytest.raises(UserError, match="holds 1 version"):
        roll_back(tmp_path / "thyroid")
    with pytest.raises(UserError, match="no version 7: there are 1"):
        roll_back(tmp_path / "thyroid", 7)


def test_a_model_that_was_rolled_back_is_not_pushed_again_until_it_is_put_back(tmp_path):
    serving, bad = tmp_path / "thyroid", model(tmp_path, "b")
    push(model(tmp_path, "a"), serving, keep=3)
    push(bad, serving, keep=3)
    roll_back(serving)
    assert withdrawn(serving) == {"b"}
    blessed = {"blessing": tmp_path / "blessing", "infra_blessing": tmp_path / "infra"}
    for name, mark in (("blessing", "BLESSED"), ("infra_blessing", "INFRA_BLESSED")):
        blessed[name].mkdir()
        (blessed[name] / mark).touch()

    (blessed["blessing"] / "verdict.json").write_text("{}")  # as before verdicts held an audit

    def run_pusher(folder):
        outputs = {"pushed_model": tmp_path / folder}
        outputs["pushed_model"].mkdir()
        (tmp_path / "made").mkdir(exist_ok=True)
        shutil.copytree(bad, tmp_path / "made" / "Format-Serving", dirs_exist_ok=True)
        pusher = Pusher(str(serving), keep=9)
        pusher.run(Workplace({"model": tmp_path / "made", **blessed}, outputs, tmp_path, logging.getLogger("test")))
        return pusher.stop_reason(outputs)

    assert "a rollback withdrew this very model" in run_pusher("first")
    assert numbers(serving) == [1, 2, 3]
    roll_back(serving, 2)
    assert withdrawn(serving) == {"a"}
    assert run_pusher("second") is None
    assert [card_digest(path) for path in versions_in(serving).values()] == ["a", "b", "a", "b"]


DYING = """
import os, shutil, signal, sys
from pathlib import Path
from pipeline.components import pusher

def copy_one_file_and_die(source, target, **options):
    shutil.copy(source / "saved_model.pb", target)
    os.kill(os.getpid(), signal.SIGKILL)

pusher.shutil.copytree = copy_one_file_and_die
pusher.push(Path(sys.argv[1]), Path(sys.argv[2]), keep=1)
"""


def test_a_push_that_is_killed_leaves_the_versions_as_they_were_and_the_next_cleans_up(tmp_path):
    serving, new = tmp_path / "thyroid", model(tmp_path, "b")
    push(model(tmp_path, "a"), serving, keep=1)
    killed = subprocess.run([sys.executable, "-c", DYING, str(new), str(serving)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(serving.iterdir())) == 2
    (serving / ".0.removed" / "variables").mkdir(parents=True)
    assert numbers(serving) == [1]
    push(new, serving, keep=1)
    assert [path.name for path in serving.iterdir()] == ["2"]


def test_a_version_without_a_card_is_no_obstacle(tmp_path):
    (tmp_path / "thyroid" / "4").mkdir(parents=True)
    (tmp_path / "thyroid" / "notes").mkdir()
    assert push(model(tmp_path, "a"), tmp_path / "thyroid", keep=3).name == "5"


def test_a_reader_never_meets_half_a_version(tmp_path):
    serving, broken, done = tmp_path / "thyroid", [], threading.Event()
    models = [model(tmp_path, digest) for digest in "abcdefgh"]

    def read():
        while not done.is_set():
            for path in list(versions_in(serving).values())[-1:]:
                if not (path / "model_card.json").is_file() or not (path / "variables" / "data").is_file():
                    broken.append(path)

    reader = threading.Thread(target=read)
    reader.start()
    for each in models:
        push(each, serving, keep=len(models))  # a version that is dropped while it is read would be no half one
    done.set()
    reader.join()
    assert broken == []
