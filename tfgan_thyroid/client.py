"""Downloads images from TF Serving: `python -m tfgan_thyroid.client --url URL --model NAME --output DIR`."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfgan_thyroid import command
from tfgan_thyroid.serving.client.image_client import ImageClient
from tfgan_thyroid.serving.synthetic_folder import write_folder


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "tfgan_thyroid.client",
        "Download generated images from TF Serving, or from python -m tfgan_thyroid.serve, as 8-bit PNG files with a "
        "manifest, masks too of a paired model. Image i is that of seed SEED + i. Needs no TensorFlow and no GPU.",
        "python -m tfgan_thyroid.client --url http://localhost:8501 --model thyroid --count 64 --output served",
    )
    parser.add_argument(
        "--url", default="http://localhost:8501", help="address of the REST API; http://NAME:PASSWORD@HOST logs in"
    )
    parser.add_argument("--grpc", metavar="HOST:PORT", help="use the gRPC API there instead (needs the serving extra)")
    parser.add_argument("--model", required=True, metavar="NAME", help="name of the model on the server")
    parser.add_argument("--model-version", type=command.positive_int, metavar="N", help="instead of the newest")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="new directory for images/ and manifest.json"
    )
    parser.add_argument("--count", type=command.positive_int, default=64, metavar="N", help="number of images")
    parser.add_argument("--seed", type=command.seed, default=0, metavar="S", help="seed of the first image")
    parser.add_argument("--batch-size", type=command.positive_int, default=16, metavar="N", help="images a request")
    parser.add_argument(
        "--timeout", type=command.seconds, default=30.0, metavar="S", help="seconds the server may stay silent"
    )
    parser.add_argument(
        "--retries", type=_retries, default=4, metavar="N", help="further attempts after a failure that may pass"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be asked for; ask nothing")
    parser.add_argument("--json", action="store_true", help="print the manifest on standard output")
    return parser


def _retries(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of attempts: give 0 or more")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Asks for the images, batch by batch, and writes them."""
    args = _parser().parse_args(argv)
    with contextlib.closing(_client(args)) as client:
        what = f"{args.count} images of {args.model} from {client.url}"
        if args.dry_run:
            print(f"would write {what} to {args.output}, {args.batch_size} a request")
            return 0
        facts = {"server": client.url, "model": args.model, "model_version": args.model_version}
        images = _download(client, args.count, args.seed, args.batch_size)
        manifest = write_folder(args.output, images, {"Model": args.model}, facts)
    print(json.dumps(manifest) if args.json else f"wrote {what} to {args.output}")
    command.say_next(args.output / "images")
    return 0


def _client(args: argparse.Namespace) -> ImageClient:
    if args.grpc:
        from tfgan_thyroid.serving.client.grpc_client import GrpcClient

        return GrpcClient(args.grpc, args.model, args.model_version, args.timeout, args.retries)
    from tfgan_thyroid.serving.client.rest_client import RestClient

    return RestClient(args.url, args.model, args.model_version, args.timeout, args.retries)


def _download(client: ImageClient, count: int, seed: int, batch_size: int) -> Iterator[tuple[int, dict[str, bytes]]]:
    for start in range(seed, seed + count, batch_size):
        seeds = range(start, min(start + batch_size, seed + count))
        yield from zip(seeds, client.files(seeds), strict=True)
        if sys.stderr.isatty():
            print(f"\r{seeds.stop - seed} of {count} images", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)


if __name__ == "__main__":
    command.run(main)
