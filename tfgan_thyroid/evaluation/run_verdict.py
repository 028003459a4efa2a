"""The verdict on a run: made in the short form at the end of training, written into the run by whoever judged last."""

import time

from tfgan_thyroid import atomic
from tfgan_thyroid.evaluation.generated_images import run_images
from tfgan_thyroid.evaluation.image_sources import training_source
from tfgan_thyroid.evaluation.two_sample.comparison import Images, short_test, too_few
from tfgan_thyroid.evaluation.two_sample.result import TwoSample
from tfgan_thyroid.evaluation.verdict import Verdict, verdict
from tfgan_thyroid.needed_scans import TO_JUDGE
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.run_directory import RunDirectory

GENERATED = TO_JUDGE + TO_JUDGE // 2
"""As many as the short form takes scans, from the seeds that `generate` begins with."""


def judge_run(run: RunDirectory, seconds: float) -> Verdict:
    """The short form on a finished run's last checkpoint, in at most `seconds`, written to its `verdict.json`.

    Raises:
        UserError: the data set is not there, or the generator makes no numbers.
    """
    start = time.monotonic()
    source = training_source(run)
    scans = Images(source.images, source.groups)
    generated = run_images(run, "latest", None, GENERATED)
    reason, found = too_few(scans, generated), None
    if reason is not None:
        reason = f"too few scans to judge: {reason}"
    else:
        found = short_test(scans, generated, seconds - (time.monotonic() - start), run.read().config.seed)
        reason = "training was too short for the short form; python -m tfgan_thyroid.evaluate gives the full one"
    result = verdict(generated, found, None, reason)
    write_verdict(run, int(checkpoints.find(run, "latest").name), result, found)
    return result


def write_verdict(run: RunDirectory, iteration: int, result: Verdict, found: TwoSample | None) -> None:
    """Writes what was said of a checkpoint, which the model card repeats."""
    document = {"iteration": iteration, "verdict": result.lines, "two_sample": found.to_dict() if found else None}
    atomic.write_json(run.verdict_file, document, 2)
