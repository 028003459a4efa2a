"""docs/data.md keeps to what the commands know: their flags, the reasons of refusals, the pictures."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
FILES = [*(ROOT / "tfgan_thyroid" / "data").rglob("*.py"), *(ROOT / "pipeline").rglob("*.py")]
# Where the reason stands among the arguments.
REASON_AT = {"ScanError": 0, "RejectedScan": 1, "LeftOut": 0}


def test_every_flag_of_the_guide_exists():
    from pipeline.preprocessing.flags import preprocess_parser as preprocess
    from pipeline.validate import _parser as validate

    known = {
        flag for parser in (preprocess(), validate()) for action in parser._actions for flag in action.option_strings
    }
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", GUIDE))
    assert len(named) > 15
    assert named <= known


def test_every_reason_of_a_refusal_is_explained():
    reasons = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = REASON_AT.get(getattr(node.func, "id", "")) if isinstance(node, ast.Call) else None
            if place is not None and isinstance(node.args[place], ast.Constant):
                reasons.add(node.args[place].value)
    assert {"truncated", "nested archive", "too small"} <= reasons
    of_masks = {"missing", "label unknown", "not binary", "of another size", "of several labels", "unsupported"}
    of_masks |= {"of an unknown encoding"}
    rows = "\n".join(line for line in GUIDE.splitlines() if line.startswith("| `"))
    explained = set(re.findall(r"`([a-z ]+)`", rows))
    assert {f"mask {reason}" if reason in of_masks else reason for reason in reasons} <= explained


def test_every_picture_of_the_guide_is_there():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", GUIDE)
    assert len(pictures) >= 2
    assert all((ROOT / "docs" / picture).is_file() for picture in pictures)
