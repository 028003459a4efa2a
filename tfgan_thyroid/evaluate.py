"""Compares generated with real images: `python -m tfgan_thyroid.evaluate --real DATASET --generated RUN`."""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfgan_thyroid import command
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.metric_catalog import METRIC_NAMES, METRICS, RESULTS, TWO_SAMPLE

if TYPE_CHECKING:
    from tfgan_thyroid.evaluation.image_sources import ImageSource
    from tfgan_thyroid.evaluation.result import Evaluation

LOG = logging.getLogger("tfgan_thyroid.evaluate")
FEATURES = ("pixels", "encoder", "random", "network", "inception")
ASKED_FOR = (TWO_SAMPLE, *METRIC_NAMES)


def _metrics(text: str) -> list[str]:
    """The argparse type of a list of metrics."""
    names = list(ASKED_FOR) if text == "all" else text.split(",")
    unknown = [name for name in names if name not in ASKED_FOR]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no metric: choose from {','.join(ASKED_FOR)}, or all")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.evaluate",
        "Compare generated with real images by the paper's protocol: the mean over several random draws, beside what "
        "real images reach. Prints a table, appends a line to metrics.jsonl of the run (or in --output), and writes "
        "figures, evaluation.json and one self-contained report.html. Nothing is downloaded.",
        "python -m tfgan_thyroid.evaluate --real DATASET --generated runs/00000-demo-alpha-wgan-gp-64px --audit",
    )
    add = parser.add_argument_group("images").add_argument
    add("--real", type=Path, required=True, metavar="DATASET|DIR", help="data set, or folder of images of one size")
    add(
        "--generated",
        type=Path,
        required=True,
        metavar="RUN|SAVED_MODEL|DIR",
        help="run directory or latest, SavedModel (a version or their parent), or folder of images",
    )
    add("--split", default="train", choices=("train", "eval", "test"), help="of a data set")
    add("--checkpoint", default="latest", metavar="WHICH", help="of a run: latest, best, an iteration")
    add("--weights", choices=("average", "raw"), help="of a run (default: the average where it keeps one)")
    add = parser.add_argument_group("protocol").add_argument
    add("--metrics", type=_metrics, default="all", metavar="NAMES", help=f"all, or of {','.join(ASKED_FOR)}")
    add("--draws", type=command.positive_int, default=10, metavar="N", help="random draws")
    add("--samples", type=command.positive_int, default=100, metavar="N", help="images of each kind in a draw")
    add("--seed", type=command.seed, default=0, help="of the draws and of the first generated image")
    add("--features", choices=FEATURES, default="pixels", help="space that distances are taken in")
    add("--encoder-run", type=Path, metavar="RUN|latest", help="whose encoder (default: the generated run)")
    add("--inception-weights", type=Path, metavar="FILE", help="your file of Keras's InceptionV3 without top")
    add("--feature-network", type=Path, metavar="FILE", help="your SavedModel or Keras file for --features network")
    add("--audit", action="store_true", help="also look for memorised scans among the real ones")
    add = parser.add_argument_group("output").add_argument
    add(
        "--output", type=Path, metavar="DIR", help="(default: evaluation/ITERATION-WEIGHTS in the run, else evaluation)"
    )
    add("--dry-run", action="store_true", help="say what would be compared; compute and write nothing")
    add("--json", action="store_true", help="print one JSON document on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Reads or generates the images, compares them, and writes what came out."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.inception_weights and args.features != "inception":
        parser.error("--inception-weights goes with --features inception")
    if (args.feature_network is not None) != (args.features == "network"):
        parser.error("--features network and --feature-network FILE go together")
    if args.encoder_run and args.features != "encoder":
        parser.error("--encoder-run goes with --features encoder")
    if args.metrics == list(ASKED_FOR) and args.features == "pixels":
        args.metrics = [n for n in ASKED_FOR if n not in METRICS or METRICS[n].space != "features"]
    command.start_log()
    from tfgan_thyroid.evaluation import image_sources
    from tfgan_thyroid.evaluation.generated_images import generated_source
    from tfgan_thyroid.evaluation.image_sources import Kind
    from tfgan_thyroid.runs.run_directory import LATEST, RunDirectory

    if args.generated.name == LATEST and not args.generated.exists():
        args.generated = RunDirectory.open(args.generated).path
    kind = image_sources.identify(args.generated)
    if args.weights and kind is not Kind.RUN:
        raise UserError(f"--weights goes with a run: --generated is a {kind.value}")
    run = RunDirectory.open(args.generated) if kind is Kind.RUN else None
    output = args.output or _default_output(run, args)
    real = image_sources.real_source(args.real, args.split)
    extractor = _extractor(run, args)
    count = args.samples * args.draws
    from tfgan_thyroid.evaluation.comparison import MetricsProtocol, check_sizes, compare, drawn_metrics
    from tfgan_thyroid.metrics.suite import draw_size

    if kind in (Kind.RUN, Kind.SAVED_MODEL):  # before anything is generated
        draw_size(drawn_metrics(args.metrics), args.samples, args.draws, len(real.images), count)
    if run is not None:
        check_sizes(real.images.shape[1:3], (run.read().config.image_size,) * 2)
    if args.dry_run:
        return _say_plan(real, kind, output, args)
    generated = generated_source(args.generated, count, args.seed, args.split, args.checkpoint, args.weights)
    from tfgan_thyroid.evaluation.report.files import REPORT, write_evaluation

    protocol = MetricsProtocol(args.metrics, args.samples, args.draws, args.seed)
    held_out = image_sources.held_out_source(args.real, args.split)
    evaluation = compare(real, generated, protocol, extractor, args.audit, held_out)
    if not args.json:
        print("\n".join(_table(evaluation)), flush=True)  # the figures take their time
    lines = write_evaluation(evaluation, output)
    if args.json:
        print(json.dumps({**evaluation.to_dict(), "output": str(output)}))
    LOG.info("a line was appended to %s", lines)
    model = f"saved_models/{run.path.name[6:]}" if run else ""
    steps = [command.line("tfgan_thyroid.export", "--run", run.path, "--output", model)] if run else []
    command.say_next(output / REPORT, *steps)
    return 0


def _default_output(run, args: argparse.Namespace) -> Path:
    if run is None:
        return Path("evaluation")
    from tfgan_thyroid.runs import checkpoints

    config = run.read().config
    weights = args.weights or ("average" if config.ema_decay else "raw")
    return run.path / "evaluation" / f"{checkpoints.find(run, args.checkpoint).name}-{weights}"


def _extractor(run, args: argparse.Namespace):
    from tfgan_thyroid.evaluation.features import feature_extractor
    from tfgan_thyroid.runs.run_directory import RunDirectory

    encoder_run = RunDirectory.open(args.encoder_run) if args.encoder_run else run
    which = "latest" if args.encoder_run else args.checkpoint
    return feature_extractor(args.features, encoder_run, which, args.inception_weights or args.feature_network)


def _say_plan(real: "ImageSource", kind, output: Path, args: argparse.Namespace) -> int:
    made = kind.value in ("run", "SavedModel")
    generated = f"{args.samples * args.draws} images to be generated by" if made else "images of"
    plan = {
        "real": real.description,
        "generated": f"{generated} a {kind.value}",
        "metrics": args.metrics,
        "features": args.features,
        "samples": args.samples,
        "draws": args.draws,
        "audit": args.audit,
        "output": str(output),
    }
    if args.json:
        print(json.dumps(plan))
        return 0
    for name, value in plan.items():
        print(f"{name:10} {', '.join(value) if isinstance(value, list) else value}")
    print("nothing was computed or written")
    return 0


def _table(evaluation: "Evaluation") -> list[str]:
    """The verdict, the lines of the table, and what the audit found."""
    goals = {"lower": "lower", "higher": "higher", "half": "0.5", "one": "1", "real": "as real"}
    lines = [*evaluation.verdict.lines, "", *_two_sample_lines(evaluation)]
    lines += [f"{'metric':18}{'value':>10}   {'std':>8}{'real':>10}{'n':>6}  wanted"]
    shown = [(name, name, estimate) for name, estimate in evaluation.estimates.items()]
    shown += [(f"{name}, random", name, estimate) for name, estimate in evaluation.beside.items()]
    for title, name, estimate in shown:
        floor = "-" if estimate.floor is None else f"{estimate.floor:.4f}"
        value = f"{title:18}{estimate.mean:>10.4f} ± {estimate.std:>8.4f}{floor:>10}{estimate.n:>6}"
        lines.append(f"{value}  {goals[RESULTS[name].goal]}")
    first = next(iter(evaluation.estimates.values()))
    lines.append(f"{first.draws} draws, seed {first.seed}, features: {evaluation.features}")
    if evaluation.beside:
        lines.append(f"random: {next(iter(evaluation.beside.values())).features}")
    lines += evaluation.remarks
    if evaluation.audit is not None:
        verdict = "passed" if evaluation.audit.passed else "FAILED"
        lines.append(f"memorisation audit {verdict}: {'; '.join(evaluation.audit.reasons)}")
        notes = (f"unseen scans: {evaluation.audit.held_out_rule}", *evaluation.audit.notes)
        lines += [f"  {note}" for note in notes]
    return lines


def _two_sample_lines(evaluation: "Evaluation") -> list[str]:
    found = evaluation.two_sample
    if found is None:
        return []
    lines = [f"{'two-sample at':18}{'AUC':>10}   {'interval':>16}{'bits':>6}{'real':>7}{'n':>6}  wanted"]
    for kind, results in (("", found.training), (", as many", found.as_many), (", unseen", found.unseen)):
        for each in results:
            title, interval = f"{each.size} pixels{kind}", f"{each.low:.3f} to {each.high:.3f}"
            real = f"{sum(each.real_aucs) / len(each.real_aucs):.3f}" if each.real_aucs else "-"
            lines.append(f"{title:18}{each.auc:>10.3f}   {interval:>16}{each.bits:>6.2f}{real:>7}{each.n:>6}  0.5")
    return [*lines, ""]


if __name__ == "__main__":
    command.run(main)
