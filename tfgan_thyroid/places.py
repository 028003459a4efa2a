"""What a directory is, by the file that only its kind has: for the message where another kind was wanted."""

from pathlib import Path

MARKS = {
    "dataset.json": "a data set of pipeline.preprocess",
    "config.json": "a run directory",
    "saved_model.pb": "a version of an exported model",
    "*/saved_model.pb": "an exported model",
    "manifest.json": "a folder of generated images",
    "images": "a folder of images",
}


def describe(path: Path) -> str:
    """What lies at a path, in words that follow its name: "does not exist", "is a run directory"."""
    if not path.exists():
        return "does not exist"
    if not path.is_dir():
        return "is a file"
    kind = next((kind for mark, kind in MARKS.items() if any(path.glob(mark))), "a directory of another kind")
    return f"is {kind}"
