"""Exports a generator for TF Serving: `python -m tfgan_thyroid.export --run RUN --output saved_models/NAME`."""

import argparse
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.runs.run_directory import RunDirectory


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.export",
        "Export a run's generator as the next SavedModel version, OUTPUT/VERSION, with its model card and warm-up "
        "requests. Signatures: serving_default (seed -> image_bytes) and generate_from_latent (latent -> image).",
        "python -m tfgan_thyroid.export --run runs/00000-demo-alpha-wgan-gp-64px --output saved_models/thyroid",
    )
    parser.add_argument(
        "--run",
        type=Path,
        required=True,
        metavar="RUN|latest",
        help="run directory of python -m tfgan_thyroid.train; latest is the newest under runs",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="model directory, saved_models/NAME")
    parser.add_argument(
        "--checkpoint", default="latest", metavar="WHICH", help="latest, best (by best_metric) or an iteration"
    )
    parser.add_argument(
        "--dtype", choices=("float32", "bfloat16"), default="float32", help="of the kernels; bfloat16 halves the files"
    )
    parser.add_argument(
        "--truncation",
        action="store_true",
        help="add the signature generate_truncated (seed, truncation -> image_bytes)",
    )
    parser.add_argument(
        "--encoder",
        action="store_true",
        help="export the encoder instead: serving_default (image_bytes -> latent) and reconstruct "
        "(image_bytes -> image_bytes)",
    )
    parser.add_argument(
        "--data-description", metavar="TEXT", help="what the training data are, in words, for the model card"
    )
    parser.add_argument("--licence", metavar="TEXT", help="of the weights, for the model card")
    parser.add_argument("--json", action="store_true", help="print the model card on standard output")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Exports, and says where and how to serve."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.encoder and (args.truncation or args.dtype != "float32"):
        parser.error("--encoder goes with neither --truncation nor --dtype")
    run = RunDirectory.open(args.run)
    from tfgan_thyroid.serving.export.model_card import Provenance
    from tfgan_thyroid.serving.export.saved_model import export_encoder, export_generator

    told = {"data": args.data_description, "licence": args.licence}
    provenance = Provenance(**{name: text for name, text in told.items() if text})
    if args.encoder:
        version = export_encoder(run, args.output, args.checkpoint, provenance)
    else:
        version = export_generator(run, args.output, args.checkpoint, args.dtype, args.truncation, provenance)
    if args.json:
        print(json.dumps(json.loads((version / "model_card.json").read_text())))
    else:
        print(f"exported {version}")
        model = f"--model_name={args.output.name} --model_base_path={shlex.quote(str(args.output.resolve()))}"
        command.say_next(
            version / "model_card.md",
            command.line("tfgan_thyroid.serve", args.output),
            f"tensorflow_model_server --rest_api_port=8501 {model}",
        )
    return 0


if __name__ == "__main__":
    command.run(main)
