"""Writes generated images as PNG files: `python -m tfgan_thyroid.generate --run RUN --output DIR`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.runs.run_directory import RunDirectory
from tfgan_thyroid.serving.layouts import LAYOUTS


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.generate",
        "Write generated images as 8-bit PNG files with a manifest. Image i is the one served for seed SEED + i.",
        "python -m tfgan_thyroid.generate --run runs/00000-demo-alpha-wgan-gp-64px --output generated --count 64",
    )
    parser.add_argument(
        "--run",
        type=Path,
        required=True,
        metavar="RUN|latest",
        help="run directory of python -m tfgan_thyroid.train; latest is the newest under runs",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="new directory for images/ and manifest.json"
    )
    parser.add_argument("--count", type=command.positive_int, default=64, metavar="N", help="number of images")
    parser.add_argument("--seed", type=command.seed, default=0, metavar="S", help="seed of the first image")
    parser.add_argument(
        "--checkpoint", default="latest", metavar="WHICH", help="latest, best (by best_metric) or an iteration"
    )
    parser.add_argument(
        "--layout",
        choices=LAYOUTS,
        default="plain",
        help="PNG files in images/ and masks/; nnU-Net v2's imagesTr/ and labelsTr/; COCO's annotations.json beside "
        "plain files; or DICOM Secondary Capture",
    )
    parser.add_argument("--batch-size", type=command.positive_int, default=32, metavar="N", help="images at a time")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written; write nothing")
    parser.add_argument("--json", action="store_true", help="print the manifest on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Loads the generator of a run and writes its images."""
    args = _parser().parse_args(argv)
    run = RunDirectory.open(args.run)
    config = run.read().config
    from tfgan_thyroid.runs import checkpoints

    checkpoint = checkpoints.find(run, args.checkpoint)
    what = (
        f"{args.count} images of {config.image_size}x{config.image_size} pixels from iteration {int(checkpoint.name)}"
    )
    if args.dry_run:
        print(f"would write {what} to {args.output}")
        return 0
    from tfgan_thyroid.runs.generator_weights import load_generator
    from tfgan_thyroid.serving.image_folder import write_images

    generator = load_generator(config, checkpoint)
    facts = {"run": run.path.resolve().name, "iteration": int(checkpoint.name), "image_size": config.image_size}
    manifest = write_images(generator, args.output, args.count, args.seed, args.batch_size, facts, args.layout)
    print(json.dumps(manifest) if args.json else f"wrote {what} to {args.output}")
    data = run.read().data
    steps = [command.line("tfgan_thyroid.evaluate", "--real", data, "--generated", args.output, "--audit")]
    if config.paired:
        steps = [command.line("tfgan_thyroid.segment", "--data", data, "--synthetic", args.output)]
    first = LAYOUTS[args.layout].image.format(f"synthetic_{args.seed:010d}")
    command.say_next(args.output / first, *(steps if args.layout == "plain" else []))
    return 0


if __name__ == "__main__":
    command.run(main)
