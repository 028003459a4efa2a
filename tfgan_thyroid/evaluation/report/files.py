"""What an evaluation leaves behind: figures, report, JSON, and a line in `metrics.jsonl`; each appears by a rename."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfgan_thyroid import atomic
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.evaluation.audit import figures as audit_figures
from tfgan_thyroid.evaluation.features import encoder_features
from tfgan_thyroid.evaluation.judgement import Judgement
from tfgan_thyroid.evaluation.progress import progress_bar
from tfgan_thyroid.evaluation.report import figures, latent_figures
from tfgan_thyroid.evaluation.report.figures import Picture
from tfgan_thyroid.evaluation.report.report import html_report
from tfgan_thyroid.evaluation.result import Evaluation, metrics_line
from tfgan_thyroid.evaluation.run_verdict import write_verdict
from tfgan_thyroid.runs import checkpoints
from tfgan_thyroid.runs.generator_weights import load_generator
from tfgan_thyroid.runs.run_directory import RunDirectory, append_line
from tfgan_thyroid.training.curves import curves_figure

REPORT = "report.html"
DOCUMENT = "evaluation.json"
METRICS_FILE = "metrics.jsonl"


def write_evaluation(evaluation: Evaluation, output: Path, judgement: Judgement | None = None) -> Path:
    """Writes `evaluation.json`, the figures as PNG and `report.html` into `output`, and appends to `metrics.jsonl`.

    Args:
        evaluation: what came out.
        output: directory, made where it is not there; files of an earlier evaluation are replaced one by one, the
            report last.
        judgement: whether the model was blessed, for the report, where it was judged.

    Returns:
        The `metrics.jsonl` that a line was appended to: the run's, or the one in `output`.

    Raises:
        OSError: a file cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    speckle = figures.speckle_values(evaluation.real.images, evaluation.generated.images)
    makers = [*_figure_makers(evaluation, speckle), *_encoder_makers(evaluation)]
    pictures = []
    with progress_bar(len(makers), "figure", "figures") as bar:
        for make in makers:
            pictures.append(make())
            bar.update()
    for picture in pictures:
        atomic.write_bytes(output / f"{picture.name}.png", picture.light)
    atomic.write_json(output / DOCUMENT, evaluation.to_dict(), 2)
    atomic.write_text(output / REPORT, html_report(evaluation, pictures, speckle, judgement))
    run = evaluation.generated.run
    lines = run.metrics_file if run is not None else output / METRICS_FILE
    append_line(lines, metrics_line(evaluation))
    if run is not None:
        write_verdict(run, evaluation.generated.facts["iteration"], evaluation.verdict, evaluation.two_sample)
    return lines


Maker = Callable[[], Picture]


def _figure_makers(evaluation: Evaluation, speckle: dict[str, Any]) -> list[Maker]:
    real, generated, result = evaluation.real.images, evaluation.generated.images, evaluation.audit
    trained_on = evaluation.trained_on.images
    run = evaluation.generated.run
    makers: list[Maker] = [
        lambda: figures.grid("real", figures.spread(real), "A grid of real scans.", "Real scans."),
        lambda: figures.grid(
            "generated", figures.spread(generated), "A grid of generated images.", "Generated images."
        ),
        lambda: figures.metrics_figure(evaluation.estimates),
        lambda: figures.spectrum_figure(real, generated),
        lambda: figures.speckle_figure(speckle),
    ]
    if result is not None:
        makers.append(lambda: audit_figures.closest_pairs_figure(result, trained_on, generated))
        makers.append(lambda: audit_figures.distances_figure(result))
    if run is not None:
        makers.append(lambda: _curves(run))
    return makers


def _curves(run: RunDirectory) -> Picture:
    alt = "Losses, their terms, MMD and 1-NN accuracy over the iterations of training."
    caption = "Losses and their terms at the logged iterations; MMD and 1-NN beside every checkpoint."
    return figures.draw("curves", lambda: curves_figure(run), alt, caption)


def _encoder_makers(evaluation: Evaluation) -> list[Maker]:
    """Figures of the run's encoder; none where it has none, or where it takes masks too."""
    run, real = evaluation.generated.run, evaluation.real
    if run is None:
        return []
    iteration = str(evaluation.generated.facts["iteration"])
    try:
        encode = encoder_features(run, iteration)
    except UserError:
        return []
    # The encoder's features do not know `latent_scale`, and neither may what makes images of them.
    config = run.read().config.replace(latent_scale=1.0)
    generator = load_generator(config, checkpoints.find(run, iteration), evaluation.generated.facts["weights"])
    decode = latent_figures.decoder(generator)
    return [
        lambda: latent_figures.reconstructions_figure(real.images, encode, decode),
        lambda: latent_figures.interpolations_figure(real.images, real.groups, encode, decode),
        lambda: latent_figures.latents_figure(real.images, evaluation.generated.images, encode),
    ]
