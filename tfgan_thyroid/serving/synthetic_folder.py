"""Synthetic images and masks as a folder with a manifest, which appears by one rename. The standard library alone."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tfgan_thyroid import __version__, atomic
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.png_files import with_text

About = dict[str, str]
"""What a file says of itself: `Synthetic`, `Seed`, `Software`, and which model made it."""
Entry = dict[str, Any]
"""An image of the manifest: `seed`, `file`, and `mask` where there is one."""


class Layout(NamedTuple):
    """How a folder is arranged."""

    image: str  # place of an image, with `{}` for its name
    mask: str  # place of its mask
    # From PNG and what the file says of itself to the file's bytes; a mask's levels are 0 and 255.
    encode_image: Callable[[bytes, About], bytes] = with_text
    encode_mask: Callable[[bytes, About], bytes] = with_text
    # Writes what names all files and describes them, into the folder.
    write_index: Callable[[Path, Sequence[Entry], str], None] | None = None
    needs_masks: bool = False  # whether images alone are refused
    needs_model: bool = False  # whether images are refused whose model and seed are not known


PLAIN = Layout("images/{}.png", "masks/{}.png")
SYNTHETIC = "synthetic images, of no patient"  # what an index says of generated images


def write_folder(
    output: Path,
    images: Iterable[tuple[int, Mapping[str, bytes]]],
    about: About,
    facts: Mapping[str, Any],
    layout: Layout = PLAIN,
) -> dict[str, Any]:
    """Writes images, masks where there are any, and `manifest.json`.

    Args:
        output: must not exist, or be empty.
        images: the PNG files of each seed, by the outputs of `serving_default`; asked for only if `output` is free.
        about: which model made them, for every file.
        facts: for the manifest.
        layout: of the folder.

    Returns:
        The manifest.

    Raises:
        UserError: `output` holds something already.
    """
    parts = {
        "image_bytes": ("file", "sha256", layout.image, layout.encode_image),
        "mask_bytes": ("mask", "mask_sha256", layout.mask, layout.encode_mask),
    }
    entries: list[Entry] = []
    with fresh_folder(output) as temporary:
        for seed, pngs in images:
            text = {"Synthetic": "true", **about, "Seed": str(seed), "Software": f"tfgan-thyroid {__version__}"}
            entry: Entry = {"seed": seed}
            for name, png in pngs.items():
                place_key, digest_key, place, encode = parts[name]
                file = place.format(f"synthetic_{seed:010d}")
                entry |= {place_key: file, digest_key: add_file(temporary / file, encode(png, text))}
            entries.append(entry)
        if layout.write_index is not None:
            layout.write_index(temporary, entries, SYNTHETIC)
        manifest = {"synthetic": True, "package_version": __version__, **facts, "images": entries}
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


@contextlib.contextmanager
def fresh_folder(output: Path) -> Iterator[Path]:
    """A temporary folder that becomes `output` by one rename, which must not exist, or be empty.

    Raises:
        UserError: `output` holds something already.
    """
    if output.is_dir() and not any(output.iterdir()):
        output.rmdir()
    if output.exists():
        raise UserError(f"{output} holds something already: give a new --output, or remove it")
    with atomic.new_directory(output) as temporary:
        yield temporary


def add_file(path: Path, content: bytes) -> str:
    """Writes a file of a new folder; returns its SHA-256."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()
