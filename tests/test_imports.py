"""Who may import whom: data flows one way, and some modules must stay light. Fails with file and line."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for package in ("tfgan_thyroid", "pipeline") for path in (ROOT / package).rglob("*.py"))

# Strictly downwards: a room imports from lower floors and from itself. Rooms of one floor do not import each other.
FLOORS = [
    {"commands"},
    {"experiments"},
    {"evaluation"},
    {"segmentation"},
    {"training"},
    {"callbacks", "serving"},
    {"runs"},
    {"models"},
    {"networks"},
    {"layers", "losses"},
    {"metrics", "data", "phantoms"},
    {"presets"},
    {"config", "command", "atomic", "needed_scans", "places", "replicas"},
    {"config_fields", "metric_catalog"},
    {"errors", "quiet", "__init__"},
]
LEVEL = {name: len(FLOORS) - index for index, names in enumerate(FLOORS) for name in names}
HEAVY = {"tensorflow", "keras", "tensorflow_addons", "apache_beam"}
LIGHT = [
    "config.py",
    "presets.py",
    "atomic.py",
    "command.py",
    "commands.py",
    "places.py",
    "data/records/schema.py",
    "metric_catalog.py",
    "needed_scans.py",
    "runs/run_directory.py",
    "segmentation/config.py",
    "segmentation/record.py",
    "serving/client/rest_client.py",
    "serving/png_files.py",
    "serving/synthetic_folder.py",
    "training/new_run.py",
]


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


def room(path):
    """The room that a file of the package stands in: its folder, a module of the ground floor, or `commands`."""
    first = path.relative_to(ROOT / "tfgan_thyroid").parts[0].removesuffix(".py")
    return first if first in LEVEL else "commands"


def file_of(module):
    """The file of a dotted module name, or of the module that holds a dotted name; None where there is none."""
    base = ROOT / Path(*module.split("."))
    places = (
        base.with_suffix(".py"),
        base / "__init__.py",
        base.parent.with_suffix(".py"),
        base.parent / "__init__.py",
    )
    return next((place for place in places if place.exists()), None)


@pytest.mark.parametrize(
    "path",
    [f for f in FILES if f.parts[len(ROOT.parts)] == "tfgan_thyroid"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_imports_go_strictly_downwards(path):
    own = room(path)
    assert own != "commands" or path.parent == ROOT / "tfgan_thyroid", f"{path.parent}: give it a floor in FLOORS"
    for line, module, _ in imports(path):
        if module.startswith("tfgan_thyroid"):
            other = room(file_of(module))
            assert own == other or LEVEL[other] < LEVEL[own], f"{path}:{line}: {own} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_beam_and_tfx_are_imported_by_the_pipeline_alone(path):
    place = path.relative_to(ROOT).parts
    for line, module, _ in imports(path):
        top = module.split(".")[0]
        assert place[0] == "pipeline" or top not in ("apache_beam", "pipeline"), f"{path}:{line}: {module}"
        assert place[:2] == ("pipeline", "tfx") or top not in ("tfx", "ml_metadata"), f"{path}:{line}: {module}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "pipeline").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_components_import_no_orchestrator_and_the_light_one_not_that_of_tfx(path):
    place = path.relative_to(ROOT / "pipeline").parts[0]
    above = {"components": ("orchestration", "tfx"), "orchestration": ("tfx",)}.get(place, ())
    for line, module, _ in imports(path):
        assert not any(f"{module}.".startswith(f"pipeline.{name}.") for name in above), f"{path}:{line}: {module}"


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
                imported = file_of(module)
                if imported not in seen:
                    todo.append(imported)


def test_every_file_is_walked():
    assert len(FILES) > 30
