"""Which changes of the code make old work stale."""

import pytest

from pipeline.components import code_version as module
from pipeline.components.code_version import code_version
from pipeline.components.trainer import Trainer

FILES = {
    "start.py": '"""Words."""\nfrom pipeline.deep import two\n\nVALUE = 1  # why\n',
    "deep/two.py": "def two():\n    import pipeline.late\n\n    return 2\n",
    "late.py": "from pipeline import watcher\n",
    "watcher.py": "import json\n",
    "other.py": "",
}


@pytest.fixture
def change(tmp_path, monkeypatch):
    """Writes a file in the place of one of the package, and tells the version of `pipeline.start`."""
    monkeypatch.setattr(module, "_ROOTS", {"pipeline": tmp_path})
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def write(name="start.py", text=FILES["start.py"], ignored=()):
        (tmp_path / name).write_text(text)
        module._read.cache_clear()
        return code_version(["pipeline.start"], ignored)

    yield write
    module._read.cache_clear()


def test_code_counts_and_so_does_that_of_what_it_imports_however_late(change):
    seen = [change()]
    seen.append(change("start.py", FILES["start.py"].replace("1", "2")))
    seen.append(change("deep/two.py", FILES["deep/two.py"].replace("2", "3")))
    seen.append(change("late.py", FILES["late.py"] + "A = 1\n"))
    seen.append(change("watcher.py", "A = 1\n"))
    assert len(set(seen)) == 5


def test_modules_that_are_imported_by_name_count_one_and_all(change):
    text = 'import importlib\n\nm = importlib.import_module(".two", package="pipeline.deep")\n'
    seen = [change("start.py", text)]
    seen.append(change("deep/two.py", "A = 2\n"))
    seen.append(change("deep/three.py", "A = 3\n"))
    assert len(set(seen)) == 3


def test_words_layout_and_what_nobody_imports_do_not_count(change):
    before = change()
    assert change("start.py", '"""Better words."""\n\nfrom pipeline.deep import two\nVALUE = (1)\n') == before
    assert change("other.py", "A = 1\n") == before


def test_what_only_watches_does_not_count(change):
    before = change(ignored=["pipeline.watcher"])
    assert change("watcher.py", "A = 1\n", ignored=["pipeline.watcher"]) == before
    assert change("late.py", "A = 1\n", ignored=["pipeline.watcher"]) != before


def test_a_training_depends_on_its_networks_losses_and_data_and_not_on_its_metrics(monkeypatch):
    read = []
    original = module._read.__wrapped__
    monkeypatch.setattr(module, "_read", lambda path: read.append(path.as_posix()) or original(path))
    version = Trainer("cpu", {}).version
    for part in (
        "models/vae.py",
        "networks/generator.py",
        "losses/gradient_penalty.py",
        "data/records/input_pipeline.py",
        "training/fit.py",
    ):
        assert any(path.endswith(part) for path in read), part
    assert not [path for path in read if "/metrics/" in path or "/orchestration/" in path]
    assert version == Trainer("cpu", {}).version
