"""The version of the code behind a component: what its modules say, with all that they import from this project.

Comments, docstrings and layout are left out, so that better words do not make old work stale.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pipeline
import tfgan_thyroid

_ROOTS = {package.__name__: Path(*package.__path__) for package in (pipeline, tfgan_thyroid)}


def code_version(modules: Iterable[str], ignored: Iterable[str] = ()) -> str:
    """SHA-256 over the code of modules and of all modules of this project that they import, wherever in their text.

    Args:
        modules: dotted names to start from.
        ignored: packages or modules that are left out, with what only they import: they change nothing that is made.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = _path(module)
        if path is None or module in found or any(f"{module}.".startswith(f"{name}.") for name in ignored):
            continue
        code, imported = _read(path)
        found[module] = code
        waiting += imported
    return hashlib.sha256("\n".join(f"{name} {found[name]}" for name in sorted(found)).encode()).hexdigest()


def _path(module: str) -> Path | None:
    """The file of a module of this project; None for anything else, such as a name within a module."""
    package, *rest = module.split(".")
    if package not in _ROOTS:
        return None
    place = _ROOTS[package].joinpath(*rest)
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


@functools.cache
def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    """A file's code as a digest, and what it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = tuple(_imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imported


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            yield from _modules_by_name(node)


def _modules_by_name(call: ast.Call) -> Iterator[str]:
    """All modules of the package that an `import_module(name, package="...")` looks in: which one, only a run knows."""
    for keyword in call.keywords:
        if keyword.arg == "package" and isinstance(keyword.value, ast.Constant):
            package = str(keyword.value.value)
            root, *rest = package.split(".")
            files = _ROOTS[root].joinpath(*rest).glob("*.py") if root in _ROOTS else ()
            yield from (f"{package}.{path.stem}" for path in files)
