"""docs/sharing.md, each command executed at a small size, and what the recipient is promised in the parcel."""

import glob
import importlib
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from tfgan_thyroid.data.scans.files import encode_png
from tfgan_thyroid.experiments.sharing.arms import ARMS

GUIDE = (Path(__file__).parents[2] / "docs" / "sharing.md").read_text()
TINY_GENERATOR = ["--iterations", "2", "--set", "width=4", "--set", "latent_size=8", "--set", "batch_size=4"]
# What makes a command of the guide small, by its module; it comes last, where the later flag wins.
SMALLER = {
    "pipeline.preprocess": ["--image-size", "16", "--crop", "none"],
    "tfgan_thyroid.train": [*TINY_GENERATOR, "--set", "metric_samples=0", "--set", "ema_decay=0"],
    "tfgan_thyroid.evaluate": ["--samples", "12", "--draws", "2", "--metrics", "1nn"],
    "tfgan_thyroid.segment": ["--width", "4", "--epochs", "2"],
    "tfgan_thyroid.label": ["--count", "12"],
    "tfgan_thyroid.reproduce": ["--unet-width", "2", "--image-size", "16"],
}


def commands():
    """Module and words of each command, in the guide's order."""
    text = "".join(re.findall(r"^```bash\n(.*?)^```", GUIDE, re.S | re.M)).replace("\\\n", " ")
    for line in text.splitlines():
        program, flag, module, *words = shlex.split(line)
        assert (program, flag) == ("python", "-m")
        yield module, words


def write_scans(folder, patients, seed):
    """Two frames of each patient, and the masks of a disc in them."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:32, :32]
    for kind in ("SCANS", "MASKS"):
        Path(f"{folder}{kind}").mkdir()
    for patient in range(patients):
        row, column, radius = *rng.uniform(10, 22, 2), rng.uniform(5, 9)
        for frame in range(2):
            disc = np.hypot(rows - row - frame, columns - column) < radius
            image = np.clip(60 + 120 * disc + rng.normal(0, 20, disc.shape), 0, 255).astype(np.uint8)
            name = f"patient{patient:03d}_{frame}.png"
            Path(f"{folder}SCANS", name).write_bytes(encode_png(image))
            Path(f"{folder}MASKS", name).write_bytes(encode_png(255 * disc.astype(np.uint8)))


@pytest.mark.slow
@pytest.mark.end_to_end
def test_every_command_of_the_guide_runs_and_the_parcel_is_what_it_promises(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_scans("", patients=40, seed=0)
    write_scans("OWN_", patients=8, seed=1)
    ran = []
    for module, words in commands():
        expanded = [
            path for word in words for path in (sorted(glob.glob(word)) if "*" in word and "/" in word else [word])
        ]
        assert importlib.import_module(module).main([*expanded, *SMALLER.get(module, [])]) == 0, (module, words)
        ran.append(module)
    assert len(ran) == 12
    audit = json.loads(Path("audit/evaluation.json").read_text())["audit"]
    assert audit["membership"]["unseen_patients"] >= 10
    assert audit["membership"]["low"] <= audit["membership"]["auc"] <= audit["membership"]["high"]
    card = json.loads(Path("saved_models/sender/1/model_card.json").read_text())
    assert card["audit"]["membership"] == audit["membership"]
    assert "Membership attack: AUC" in Path("saved_models/sender/1/model_card.md").read_text()
    manifest = json.loads(Path("parcel/manifest.json").read_text())
    assert manifest["synthetic"]
    assert (manifest["labelled"], len(manifest["unets"])) == (12, 3)
    assert not any("patient" in str(path) for path in Path("parcel").rglob("*"))
    runs = sorted(Path("results").iterdir())
    assert [run.name.split("-", 2)[2].split("real")[1] for run in runs] == ["", "-11generated"]


def test_the_guide_explains_every_arm():
    named = {name for row in re.findall(r"^\| ([^|]+) \|", GUIDE, re.M) for name in row.split(", ")}
    forms = {f"{name}0" for name, arm in ARMS.items() if arm.alone == "also"}
    assert {*ARMS, *forms} == named - {"arm", "---"}


def test_flags_of_the_guide_are_known():
    for module, words in commands():
        parser = importlib.import_module("tfgan_thyroid.reproduce_sharing" if "reproduce" in module else module)
        if hasattr(parser, "_parser"):
            known = parser._parser()._option_string_actions
            assert {word for word in words if word.startswith("--")} <= set(known), module
