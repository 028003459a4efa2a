"""Masks by trained U-Nets for images without any: `python -m tfgan_thyroid.label --unets RUN RUN --images RUN`."""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.layouts import LAYOUTS

if TYPE_CHECKING:
    from tfgan_thyroid.evaluation.image_sources import ImageSource
    from tfgan_thyroid.segmentation.ensemble import Member

LOG = logging.getLogger("tfgan_thyroid.label")


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.label",
        "Label images by several trained U-Nets: their mean probability is the mask. The images on which they agree "
        "least are left out. Writes a folder for tfgan_thyroid.segment --synthetic: images/, masks/ (0 and 255), "
        "soft_masks/ (probabilities times 255), a manifest, and agreement.png, sorted by agreement.",
        "python -m tfgan_thyroid.label --unets runs/00000-unet-64px-128real runs/00001-unet-64px-128real "
        "--images runs/00002-cpu-r1-gan-64px --output labelled",
    )
    add = parser.add_argument
    add(
        "--unets",
        type=Path,
        nargs="+",
        required=True,
        metavar="RUN|SAVED_MODEL",
        help="at least two, trained on the same task by python -m tfgan_thyroid.segment with different --seed",
    )
    add(
        "--images",
        type=Path,
        required=True,
        metavar="DATASET|DIR|RUN|SAVED_MODEL",
        help="data set, folder of images, or generator (a run or its export)",
    )
    add("--output", type=Path, required=True, metavar="DIR", help="new directory")
    add("--split", default="train", choices=("train", "eval", "test"), help="of a data set")
    add("--count", type=command.positive_int, default=1000, metavar="N", help="images that a generator makes")
    add("--seed", type=command.seed, default=0, metavar="S", help="of a generator's first image")
    add(
        "--leave-out",
        type=command.share,
        default=0.1,
        metavar="SHARE",
        help="of the images, those with the least agreement",
    )
    add("--weigh", action="store_true", help="also weigh each image in the U-Net's loss by its agreement")
    add("--layout", choices=LAYOUTS, default="plain", help="images and masks arranged as by tfgan_thyroid.generate")
    add("--dry-run", action="store_true", help="say what would be labelled; write nothing")
    add("--json", action="store_true", help="print the manifest on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Loads the U-Nets, reads or generates the images, and writes them with their masks."""
    args = _parser().parse_args(argv)
    command.start_log()
    from tfgan_thyroid.evaluation.generated_images import generated_source
    from tfgan_thyroid.evaluation.image_sources import Kind, identify

    kind = identify(args.images)
    members = [_member(path) for path in args.unets]
    made = kind in (Kind.RUN, Kind.SAVED_MODEL)
    if LAYOUTS[args.layout].needs_model and not made:
        raise UserError(
            f"layout {args.layout} states the model and seed of each image, and {args.images} is a {kind.value}: "
            "give --images a run or its export, or another --layout"
        )
    what = f"{args.count} images of a {kind.value}" if made else f"the images of a {kind.value}"
    if args.dry_run:
        print(f"would label {what} by {len(members)} U-Nets and write {args.output}")
        return 0
    source = generated_source(args.images, args.count, args.seed, args.split)
    from tfgan_thyroid.segmentation.ensemble import label_images, most_agreed
    from tfgan_thyroid.segmentation.labelled_folder import write_labelled

    labels = label_images(members, source.images)
    kept = most_agreed(labels.agreement, args.leave_out)
    facts = {
        "synthetic": made or _says_synthetic(args.images),
        "source": source.facts,
        "unets": [member.digest for member in members],
    }
    weights = labels.agreement if args.weigh else None
    names = _names(source, args.seed if made else 0)
    manifest = write_labelled(args.output, source.images, labels, kept, weights, names, facts, LAYOUTS[args.layout])
    if args.json:
        print(json.dumps(manifest))
    LOG.info(
        "labelled %d images by %d U-Nets, mean agreement %.3f; wrote %d and left out %d: %s",
        len(labels.agreement),
        len(members),
        manifest["agreement"]["mean"],
        len(kept),
        manifest["left_out"],
        args.output,
    )
    return 0


def _member(path: Path) -> "Member":
    from tfgan_thyroid.evaluation.saved_generator import files_digest, model_card, newest_version
    from tfgan_thyroid.runs.run_directory import RunDirectory
    from tfgan_thyroid.segmentation.ensemble import exported_member, run_member

    version = newest_version(path)
    if version is None:
        return run_member(RunDirectory.open(path))
    return exported_member(version, model_card(version).get("model_digest") or files_digest(version))


def _says_synthetic(folder: Path) -> bool:
    """Whether a folder's manifest says that its images are generated."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return False
    try:
        return bool(json.loads(manifest.read_text()).get("synthetic"))
    except (ValueError, AttributeError) as error:
        raise UserError(f"{manifest} is damaged ({error}): write the folder again") from None


def _names(source: "ImageSource", first: int) -> list[str]:
    """File names without suffix, by number or by seed: those of the owner's files may name a patient."""
    return [f"labelled_{first + place:010d}" for place in range(len(source.images))]


if __name__ == "__main__":
    command.run(main)
