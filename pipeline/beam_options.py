"""Beam's own flags: checked, and with defaults that stay in this process and off the network."""

import logging
import logging.handlers
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfgan_thyroid.errors import UserError

if TYPE_CHECKING:
    from apache_beam import PTransform
    from apache_beam.options.pipeline_options import PipelineOptions


def pipeline_options(flags: Sequence[str]) -> "PipelineOptions":
    """The options of a run from the flags that its command does not know.

    Beam itself drops a flag that it does not know, so a mistyped flag would pass without a word: refused here.
    `DirectRunner` is the default. It would try to download and start the Prism runner first; it leaves that be for
    pipelines that allow unsafe triggers, and a batch job has no triggers.

    Raises:
        UserError: a flag that Beam does not know either, or a word that belongs to no flag.
    """
    from apache_beam.options import pipeline_options as beam_options

    for before, word in zip(["", *flags], flags, strict=False):
        if not word.startswith("--") and (not before.startswith("--") or "=" in before):
            raise UserError(f"{word!r} belongs to no flag: see --help")

    options = beam_options.PipelineOptions(list(flags))
    runner = options.view_as(beam_options.StandardOptions).runner
    if runner is None or runner.lower() in ("direct", "directrunner"):
        options.view_as(beam_options.StandardOptions).runner = "DirectRunner"
        options.view_as(beam_options.TypeOptions).allow_unsafe_triggers = True
    known = options.get_all_options()
    for flag in options.get_all_options(retain_unknown_options=True).keys() - known.keys():
        raise UserError(f"--{flag} is neither a flag of this command nor one of Beam's: see --help")
    return options


def run_pipeline(elements: list, transform: "PTransform", options: "PipelineOptions") -> None:
    """Run `transform` over `elements` and wait for the end.

    Beam's log is held back: a full disk is told in one line, anything unexpected with all that Beam logged.

    Raises:
        UserError: the operating system refused something (disk full, no permission) in a worker.
    """
    import apache_beam as beam

    held = logging.handlers.MemoryHandler(capacity=10_000, flushLevel=logging.CRITICAL + 1, flushOnClose=False)
    logger = logging.getLogger("apache_beam")
    logger.addHandler(held)
    logger.propagate = False
    try:
        with beam.Pipeline(options=options) as pipeline:
            pipeline | "Elements" >> beam.Create(elements) | transform
    except RuntimeError as error:
        refused = re.search(r"\bOSError: \[Errno \d+\] (.*?)( \[while running|$)", str(error))
        if refused is not None:
            raise UserError(f"a worker failed: {refused.group(1)}") from None
        held.setTarget(logging.StreamHandler())
        held.flush()
        raise
    finally:
        logger.removeHandler(held)
        logger.propagate = True
