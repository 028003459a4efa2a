"""Who may import whom: data flows one way, and some modules must stay light. Fails with file and line."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for package in ("tfgan_thyroid", "pipeline") for path in (ROOT / package).rglob("*.py"))

# Strictly downwards: a module imports from lower layers, and from its own package.
LAYERS = [
    {"train", "evaluate", "segment", "pairs", "generate", "export", "reproduce", "client", "serve", "__main__"},
    {"evaluation"},
    {"training"},
    {"callbacks", "serving"},
    {"models"},
    {"networks"},
    {"layers", "losses", "metrics", "data"},
    {"segmentation_record", "replicas"},
    {"command", "run_directory"},
    {"segmentation_config"},
    {"config", "atomic"},
    {"config_fields"},
    {"errors", "__init__"},
]
LEVEL = {name: len(LAYERS) - index for index, names in enumerate(LAYERS) for name in names}
HEAVY = {"tensorflow", "keras", "tensorflow_addons", "apache_beam"}
LIGHT = [
    "config.py",
    "run_directory.py",
    "segmentation_config.py",
    "segmentation_record.py",
    "atomic.py",
    "command.py",
    "data/records/schema.py",
    "metrics/catalog.py",
    "training/settings.py",
    "serving/client/rest_client.py",
    "serving/png_files.py",
]
# The model card and the settings are read where TensorFlow is not; the checkpoint names live with the callbacks. A loss
# may be a metric made differentiable.
SAME_LEVEL = {("serving", "callbacks"), ("losses", "metrics")}


def imports(path):
    """(line, dotted module, whether at import time) of every import in a file."""
    tree = ast.parse(path.read_text())
    late = {id(node) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for node in ast.walk(f)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name, id(node) not in late
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: relative import"
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}", id(node) not in late


def part(module):
    """`tfgan_thyroid.models.registry.build` -> `models`."""
    words = module.split(".")
    return words[1] if len(words) > 1 and words[1] in LEVEL else "__init__"


@pytest.mark.parametrize(
    "path",
    [f for f in FILES if f.parts[len(ROOT.parts)] == "tfgan_thyroid"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_imports_go_strictly_downwards(path):
    relative = path.relative_to(ROOT / "tfgan_thyroid")
    own = relative.parts[0].removesuffix(".py")
    assert own in LEVEL, f"{path}: give {own} a place in LAYERS"
    for line, module, _ in imports(path):
        where = f"{path}:{line}: {own} imports {module}"
        assert not module.startswith("pipeline"), where
        assert not module.startswith("apache_beam"), where
        if module.startswith("tfgan_thyroid"):
            other = part(module)
            assert own == other or LEVEL[other] < LEVEL[own] or (own, other) in SAME_LEVEL, where


@pytest.mark.parametrize("name", LIGHT)
def test_light_modules_import_nothing_heavy_directly_or_through_others(name):
    seen, todo = set(), [ROOT / "tfgan_thyroid" / name]
    while todo:
        path = todo.pop()
        seen.add(path)
        for line, module, at_import_time in imports(path):
            if not at_import_time:
                continue
            assert module.split(".")[0] not in HEAVY, f"{path}:{line}: {module}"
            if module.startswith("tfgan_thyroid."):
                base = ROOT / Path(*module.split("."))
                for candidate in (base.with_suffix(".py"), base.parent.with_suffix(".py")):
                    if candidate.exists() and candidate not in seen:
                        todo.append(candidate)


def test_every_file_is_walked():
    assert len(FILES) > 30
