"""The versions of a model on disk: directories that whole numbers name. Imports no TensorFlow."""

from pathlib import Path


def versions_in(directory: Path) -> dict[int, Path]:
    """The directories of `saved_models/NAME` by version, the oldest first.

    As for TF Serving `0002` is version 2, and whatever has no whole number for its name is none.
    """
    if not directory.is_dir():
        return {}
    names = [path for path in directory.iterdir() if path.name.isascii() and path.name.isdigit() and path.is_dir()]
    return {int(path.name): path for path in sorted(names, key=lambda path: int(path.name))}
