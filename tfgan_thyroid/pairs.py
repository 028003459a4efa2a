"""Compares generated pairs of image and mask with real ones: `python -m tfgan_thyroid.pairs`."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.segmentation.config import CHOICES, SegmentationConfig, steps_per_epoch

LOG = logging.getLogger("tfgan_thyroid.pairs")


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.pairs",
        "Compare the masks of generated pairs with real ones (area, position, shape, pieces), and let a U-Net trained "
        "on either kind be tested on the other. Writes pairs.json, pairs.md and pairs.png.",
        "python -m tfgan_thyroid.pairs --real DATASET --generated generated --output pairs",
    )
    parser.add_argument("--real", type=Path, required=True, metavar="DATASET", help="dataset directory with masks")
    parser.add_argument("--split", default="train", choices=("train", "eval", "test"), help="of the real pairs")
    parser.add_argument(
        "--generated",
        type=Path,
        required=True,
        metavar="DATASET|DIR",
        help="generated pairs: DIR/images/*.png with DIR/masks/*.png, or the train split of a data set",
    )
    count = command.positive_int
    parser.add_argument("--count", type=count, metavar="N", help="use the first N generated pairs (default: all)")
    parser.add_argument("--output", type=Path, default=Path("pairs"), metavar="DIR", help="where the report goes")
    parser.add_argument("--shapes-only", action="store_true", help="train no U-Net")
    parser.add_argument("--width", type=count, default=8, metavar="N", help="channels of the U-Net at full size")
    parser.add_argument("--batch-size", type=count, default=8, metavar="N", help="images in a step of it")
    parser.add_argument("--steps", type=count, default=150, metavar="N", help="steps of each of the two U-Nets")
    parser.add_argument("--precision", choices=CHOICES["precision"], default="float32", help="of the U-Nets")
    parser.add_argument("--seed", type=command.seed, default=0, metavar="N", help="of the U-Nets")
    parser.add_argument("--json", action="store_true", help="print pairs.json on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Reads both kinds, compares them and writes the report."""
    args = _parser().parse_args(argv)
    command.start_log()
    from tfgan_thyroid.evaluation.pairs.quality import compare_shapes, cross_dice
    from tfgan_thyroid.evaluation.pairs.report import write_pair_report
    from tfgan_thyroid.segmentation.examples import load_examples
    from tfgan_thyroid.segmentation.synthetic_pairs import load_synthetic
    from tfgan_thyroid.training import runtime

    runtime.prepare()
    real = load_examples(args.real, args.split)
    generated = load_synthetic(args.generated, real.images.shape[1], args.count or 0)
    dice = None
    if not args.shapes_only:
        LOG.info("training a U-Net on %d real pairs and one on %d generated ones", len(real), len(generated))
        fewer = min(len(real), len(generated))
        epochs = max(1, round(args.steps / steps_per_epoch(fewer, args.batch_size)))
        config = SegmentationConfig(
            width=args.width,
            batch_size=args.batch_size,
            epochs=epochs,
            decay_every=-(-epochs // 3),
            loss="both",
            precision=args.precision,
            seed=args.seed,
        )
        # The same number of each kind, and so of steps.
        dice = cross_dice(config, real.draw(fewer, args.seed), generated.draw(fewer, args.seed))
    markdown = write_pair_report(args.output, real, generated, compare_shapes(real, generated), dice)
    print((args.output / "pairs.json").read_text() if args.json else markdown, end="")
    LOG.info("wrote pairs.json, pairs.md and pairs.png in %s", args.output)
    segment = command.line("tfgan_thyroid.segment", "--data", args.real, "--synthetic", args.generated)
    command.say_next(args.output / "pairs.png", segment)
    return 0


if __name__ == "__main__":
    command.run(main)
