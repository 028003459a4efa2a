"""Does a shared generator help? `python -m tfgan_thyroid.reproduce sharing --output DIR`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfgan_thyroid import command
from tfgan_thyroid.presets import PRESETS

if TYPE_CHECKING:
    from tfgan_thyroid.experiments.sharing.cells import SharingPlan, SharingProtocol

OWN = "A"
"""The arm that every other is compared with, and whose U-Nets label for others."""


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.reproduce sharing",
        "A sender has many labelled scans, a recipient few. Compare what the recipient's U-Net can learn from: own "
        "labels alone, generated images or pairs of the sender, the sender's U-Net, own unlabelled scans, and more. "
        "Stopped, it goes on where it was: give the same command again.",
        "python -m tfgan_thyroid.reproduce sharing --output sharing --dry-run",
    )
    count: dict[str, Any] = {"type": command.positive_int, "metavar": "N"}
    parser.add_argument("--output", type=Path, default=Path("sharing"), metavar="DIR", help="results and all else")
    add = parser.add_argument_group("the two houses").add_argument
    add("--sender", type=Path, nargs="+", default=[], metavar="DATASET", help="with masks (default: phantoms)")
    add("--recipient", type=Path, metavar="DATASET", help="with masks, a test split, and an eval split for the curves")
    add("--shift", choices=("none", "scanner"), default="scanner", help="of phantoms: whether the scanners differ")
    add("--senders", **count, default=1, help="of phantoms, each with other patients")
    add("--image-size", **count, default=64, help="of phantoms, pixels")
    add("--sender-patients", **count, default=128, help="of phantoms, two labelled frames each")
    add(
        "--recipient-patients",
        type=command.counts,
        default=(100, 20, 40),
        metavar="N,N,N",
        help="of phantoms, in the train, eval and test split",
    )
    add = parser.add_argument_group("networks").add_argument
    add("--preset", choices=PRESETS, default="cpu", help="of the generators")
    add("--iterations", **count, help="of each generator (default: the preset's)")
    add("--gan-width", **count, help="of each generator (default: the preset's)")
    add("--gan-batch-size", **count, help="of each generator (default: the preset's)")
    add("--unet-width", **count, default=8, help="channels of each U-Net at full size")
    add("--steps", type=int, default=0, metavar="N", help="of each U-Net; 0 takes them from curves on the eval split")
    add("--generated", **count, default=500, help="images of each generator")
    add = parser.add_argument_group("plan").add_argument
    add("--labels", type=command.counts, default=(4, 16), metavar="N,N", help="own labels")
    add("--draws", **count, default=10, help="of the smallest number of labels")
    add("--other-draws", **count, default=5, help="of the others, and without labels")
    add("--arms", default="all", metavar="NAMES", help="comma-separated, as S,S-pairs,M-tuned")
    add("--dry-run", action="store_true", help="print the plan and what it costs; train nothing")
    add("--json", action="store_true", help="print the result's JSON on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Plans the networks, makes those that are missing, and writes the tables after each."""
    parser = _parser()
    args = parser.parse_args(argv)
    if bool(args.sender) != bool(args.recipient):
        parser.error("--sender and --recipient go together")
    if len(args.recipient_patients) != 3:
        parser.error("--recipient-patients takes three numbers: of the train, eval and test split")
    command.start_log()
    from tfgan_thyroid.experiments.plan import print_table, run_plan
    from tfgan_thyroid.experiments.sharing.cells import SharingPlan, steps_of_curves
    from tfgan_thyroid.experiments.sharing.report import write_sharing
    from tfgan_thyroid.experiments.worker import Worker

    protocol = _protocol(args)
    with Worker() as worker:
        plan = SharingPlan(protocol, args.output, worker)
        if args.dry_run:
            return _say_plan(plan, args)
        args.output.mkdir(parents=True, exist_ok=True)
        results = args.output / "results"
        curves = {} if args.steps else run_plan(plan.curve_cells(), results, lambda _: None)
        steps = args.steps or steps_of_curves(curves)
        facts = _facts(args, steps)
        run_plan(
            plan.cells(steps), results, lambda done: write_sharing(protocol, {**curves, **done}, facts, args.output)
        )
    print_table(args.output, "sharing", args.json)
    return 0


def _protocol(args: argparse.Namespace) -> "SharingProtocol":
    from tfgan_thyroid.experiments.plan import choose
    from tfgan_thyroid.experiments.sharing.arms import ARMS
    from tfgan_thyroid.experiments.sharing.cells import SharingProtocol
    from tfgan_thyroid.experiments.sharing.houses import House, phantom_houses

    chosen = choose(args.arms, {name: name for name in ARMS}, "arm")
    arms = tuple(name for name in ARMS if name in {OWN, *chosen})
    if args.sender:
        senders, recipient = [House(path) for path in args.sender], House(args.recipient)
    else:
        folder, patients = args.output / "houses", args.recipient_patients
        senders, recipient = phantom_houses(
            folder, args.shift, args.senders, args.image_size, args.sender_patients, patients
        )
    given = {"iterations": args.iterations, "width": args.gan_width, "batch_size": args.gan_batch_size}
    gan = {name: value for name, value in given.items() if value is not None}
    return SharingProtocol(
        tuple(senders),
        recipient,
        args.preset,
        gan,
        args.unet_width,
        args.steps,
        args.generated,
        tuple(sorted(set(args.labels))),
        args.draws,
        args.other_draws,
        arms,
    )


def _facts(args: argparse.Namespace, steps: int) -> dict[str, Any]:
    houses = {
        "houses": f"phantoms, shift: {args.shift}",
        "sender": f"{args.sender_patients} patients, two labelled frames each",
        "recipient": "{} patients, {} to fix the steps, {} to test, a frame each".format(*args.recipient_patients),
    }
    given = {"houses": "given data sets", "senders": len(args.sender)}
    return {
        **(given if args.sender else houses),
        "generators": f"preset {args.preset}, {args.iterations or PRESETS[args.preset]().iterations} iterations, "
        f"{args.generated} images",
        "U-Nets": f"width {args.unet_width}, {steps} steps of 8 images"
        + ("" if args.steps else ", fixed by curves on patients used nowhere else"),
    }


def _say_plan(plan: "SharingPlan", args: argparse.Namespace) -> int:
    """The cells, and the minutes from a few real steps of the U-Net; its generators cost about as told in the plan."""
    from tfgan_thyroid.experiments.sharing.cells import CURVE_STEPS
    from tfgan_thyroid.segmentation.cost import estimate_unet_cost

    steps = args.steps or max(CURVE_STEPS)
    cells = [*([] if args.steps else plan.curve_cells()), *plan.cells(steps)]
    for cell in cells:
        print(f"{cell.name}: about {cell.cost:.0f} steps")
    seconds = estimate_unet_cost(plan.config().replace(epochs=1), 1).seconds_per_epoch
    minutes = sum(cell.cost for cell in cells) * seconds / 60.0
    print(
        f"{len(cells)} results of U-Nets of at most {steps} steps: at most about {minutes:.0f} min on this machine "
        f"({seconds:.2f} s a step); results would go to {args.output}"
    )
    return 0
