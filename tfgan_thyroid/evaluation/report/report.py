"""The report of an evaluation: one HTML file that holds everything it shows and loads nothing from elsewhere."""

from collections.abc import Sequence
from html import escape
from typing import Any

from tfgan_thyroid import __version__
from tfgan_thyroid.evaluation.audit.result import AuditResult, SpaceAudit
from tfgan_thyroid.evaluation.image_sources import ImageSource
from tfgan_thyroid.evaluation.judgement import Judgement
from tfgan_thyroid.evaluation.report.figures import SPECKLE_NAMES, Picture
from tfgan_thyroid.evaluation.report.parts import figure, number, page, quoted, table
from tfgan_thyroid.evaluation.report.two_sample import two_sample_section
from tfgan_thyroid.evaluation.result import Evaluation
from tfgan_thyroid.metric_catalog import RESULTS, shortfall
from tfgan_thyroid.metrics.estimate import Estimate

GOALS = {
    "lower": "lower is better",
    "higher": "higher is better",
    "half": "0.5 is ideal",
    "one": "1 is ideal",
    "real": "as the real images",
}
HEADLINES = ("mmd", "1nn", "ms-ssim", "kid", "precision", "recall")

# (title, anchor, introduction, pictures by name)
_SECTIONS = (
    ("Images", "images", "Evenly spaced over each set; nothing was picked by hand.", ("real", "generated")),
    ("Detail and speckle", "speckle", "Ultrasound is judged by its speckle.", ("spectrum", "speckle")),
    (
        "Encoder",
        "encoder",
        "What the trained encoder makes of real scans.",
        ("reconstructions", "interpolations", "latents"),
    ),
    ("Training", "training", "The course of the run, its own metrics at every checkpoint included.", ("curves",)),
)


def html_report(
    evaluation: Evaluation, pictures: Sequence[Picture], speckle: dict[str, Any], judgement: Judgement | None = None
) -> str:
    """The page."""
    drawn = {picture.name: picture for picture in pictures}
    images, speckle_section, *others = [
        _section(title, anchor, introduction, names, drawn) for title, anchor, introduction, names in _SECTIONS
    ]
    if speckle_section:
        speckle_section = speckle_section.replace("</section>", _speckle_table(speckle) + "</section>")
    body = [
        _judgement_section(judgement) if judgement else "",
        two_sample_section(evaluation.two_sample) if evaluation.two_sample else "",
        images,
        _metrics_section(evaluation, drawn),
        _audit_section(evaluation.audit, drawn) if evaluation.audit else "",
        speckle_section,
        *others,
        _provenance(evaluation),
    ]
    head = _head(evaluation, judgement)
    return page("Evaluation of generated thyroid scans", head, [part for part in body if part])


def _head(evaluation: Evaluation, judgement: Judgement | None) -> str:
    cards = "".join(_tile(name, evaluation.estimates[name]) for name in HEADLINES if name in evaluation.estimates)
    verdict = f"<p class=says><strong>{escape(evaluation.verdict.headline)}</strong></p>"
    verdict += "".join(f"<p class=quiet>{escape(line)}</p>" for line in evaluation.verdict.details)
    verdict += _blessing(judgement) if judgement else ""
    verdict += _verdict(evaluation.audit) if evaluation.audit else ""
    return (
        "<header><p class=kicker>Evaluation</p><h1>Generated against real thyroid scans</h1>"
        f"<dl class=sources>{_source('Real', evaluation.real)}{_source('Generated', evaluation.generated)}</dl>"
        f"{verdict}<div class=tiles>{cards}</div></header>"
    )


def _source(title: str, source: ImageSource) -> str:
    facts = {
        name: value
        for name, value in source.facts.items()
        if name not in ("kind", "count", "image_size", "trained_split")
    }
    height, width = source.facts["image_size"]
    digests = ("digest", "trained_on")
    shown = [
        f"{name.replace('_', ' ')} <code title={quoted(str(value))}>{escape(str(value)[:12])}</code>"
        if name in digests
        else f"{name.replace('_', ' ')} {escape(str(value))}"
        for name, value in facts.items()
    ]
    first = f"{source.facts['count']} images of {width}&times;{height} pixels from a {source.kind.value}"
    return f"<div><dt>{title}</dt><dd>{first}<br><span class=quiet>{', '.join(shown)}</span></dd></div>"


def _tile(name: str, estimate: Estimate) -> str:
    floor = "" if estimate.floor is None else f"real {number(estimate.floor)}"
    goal = GOALS[RESULTS[name].goal]
    return (
        f"<div class=tile><p class=name>{escape(name)}</p><p class=value>{number(estimate.mean)}</p>"
        f"<p class=quiet>&plusmn; {number(estimate.std)}{' &middot; ' + floor if floor else ''}</p>"
        f"<p class=quiet>{goal}</p></div>"
    )


def _verdict(result: AuditResult) -> str:
    return _box(f"Memorisation audit: {'passed' if result.passed else 'failed'}", result.passed, result.reasons)


def _blessing(judgement: Judgement) -> str:
    return _box("Blessed" if judgement.blessed else "Not blessed", judgement.blessed, judgement.reasons)


def _box(title: str, good: bool, reasons: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    kind = "good" if good else "bad"
    return f"<div class='verdict {kind}' role=note><strong>{title}</strong><ul>{items}</ul></div>"


def _judgement_section(judgement: Judgement) -> str:
    rows = [
        [escape(check.threshold), "kept" if check.kept else "<strong>not kept</strong>", escape(check.words)]
        for check in judgement.checks
    ]
    if not rows:
        return ""
    introduction = "A model is blessed if it meets every threshold; what could not be computed counts as a failure."
    shown = table("What was asked of the model", ("threshold", "", "found"), rows)
    return f'<section id="thresholds"><h2>Thresholds</h2><p>{introduction}</p>{shown}</section>'


def _section(title: str, anchor: str, introduction: str, names: Sequence[str], drawn: dict[str, Picture]) -> str:
    figures = "".join(figure(drawn[name]) for name in names if name in drawn)
    if not figures:
        return ""
    return f'<section id="{anchor}"><h2>{title}</h2><p>{escape(introduction)}</p>{figures}</section>'


def _metrics_section(evaluation: Evaluation, drawn: dict[str, Picture]) -> str:
    first = next(iter(evaluation.estimates.values()))
    rows = [
        [
            escape(name),
            f"{number(estimate.mean)} <span class=quiet>&plusmn; {number(estimate.std)}</span>",
            number(estimate.floor),
            GOALS[RESULTS[name].goal],
            str(estimate.n),
            f"<span class=definition>{escape(estimate.definition)}; in {escape(estimate.features)}</span>",
        ]
        for name, estimate in (*evaluation.estimates.items(), *evaluation.beside.items())
    ]
    caption = f"Mean and standard deviation over {first.draws} draws, seed {first.seed}"
    headings = ("metric", "value", "real", "wanted", "n", "definition")
    introduction = (
        "Every value stands beside what real images reach: real against real from disjoint halves of the same size "
        "where two sets are compared, the real images' own value where one is described."
    )
    introduction += "".join(f" {escape(remark[0].upper() + remark[1:])}." for remark in evaluation.remarks)
    shown = figure(drawn["metrics"]) if "metrics" in drawn else ""
    return (
        f'<section id="metrics"><h2>Metrics</h2><p>{introduction}</p>{shown}{table(caption, headings, rows)}</section>'
    )


def _audit_section(result: AuditResult, drawn: dict[str, Picture]) -> str:
    rows = [
        ["what distances are taken in", *(escape(space.space) for space in result.spaces)],
        ["exact copies", *("&ndash;" if s.copies is None else str(s.copies) for s in result.spaces)],
        ["near copies", *(str(space.near_copies) for space in result.spaces)],
        ["authenticity rate", *(_beside(s.authenticity, s.held_out_authenticity) for s in result.spaces)],
        ["relatively nearer than the nearest percent", *(f"{s.closer_relative:.1%}" for s in result.spaces)],
        ["plainly nearer than the nearest percent", *(f"{s.closer:.1%}" for s in result.spaces)],
        ["median distance", *(_distances(space) for space in result.spaces)],
    ]
    headings = ("", "pixels", *("features" for _ in result.spaces[1:]))
    notes = "".join(f"<li>{escape(note)}</li>" for note in (f"unseen scans: {result.held_out_rule}", *result.notes))
    counts = ", ".join(f"{count} {name.replace('_', '-')}" for name, count in result.counts.items())
    figures = "".join(figure(drawn[name]) for name in ("closest_pairs", "distances") if name in drawn)
    numbers = table(f"The audit in numbers ({counts}); in brackets: unseen real scans", headings, rows)
    return (
        '<section id="audit"><h2>Memorisation audit</h2><p>Does the generator repeat scans that it was trained on? '
        "Each generated image is held against the training scans, and so are real scans that it has not seen.</p>"
        f"{_verdict(result)}<ul>{notes}</ul>{figures}{numbers}</section>"
    )


def _beside(value: float, held_out: float) -> str:
    return f"{value:.1%} <span class=quiet>({held_out:.1%})</span>"


def _distances(space: SpaceAudit) -> str:
    unit = f" {space.unit}" if space.unit else ""
    held_out = f"<span class=quiet>({number(space.held_out_median_distance)})</span>"
    return f"{number(space.median_distance)}{unit} {held_out}"


def _speckle_table(values: dict[str, Any]) -> str:
    rows = [
        [
            name,
            *(f"{s[:, i].mean():.3f} <span class=quiet>&plusmn; {s[:, i].std():.3f}</span>" for s in values.values()),
        ]
        for i, name in enumerate(SPECKLE_NAMES)
    ]
    return table("Speckle, mean and standard deviation over the images", ("", *values), rows)


def _provenance(evaluation: Evaluation) -> str:
    document = evaluation.to_dict()
    stack = ", ".join(f"{name} {version}" for name, version in document["stack"].items())
    worst = _widest(evaluation.estimates)
    return (
        '<section id="provenance"><h2>How this was made</h2><p>Images are compared as files hold them, 8-bit. Images '
        f"are generated from consecutive seeds, draws are taken without replacement. Made with tfgan-thyroid "
        f"{__version__}, {stack}. The same inputs and seed give the same numbers.</p>{worst}</section>"
    )


def _widest(estimates: dict[str, Estimate]) -> str:
    """The metric that is farthest from what real images reach, in spreads, where there is one."""
    gaps = {
        name: (shortfall(name, e.mean, e.floor) - shortfall(name, e.floor, e.floor)) / e.std
        for name, e in estimates.items()
        if e.floor is not None and e.std > 0
    }
    if not gaps:
        return ""
    name = max(gaps, key=lambda key: gaps[key])
    if gaps[name] <= 0:
        return "<p>No metric is farther from its ideal than real images are.</p>"
    return (
        f"<p>Measured in standard deviations over the draws, <strong>{escape(name)}</strong> is farthest from what "
        f"real images reach: {gaps[name]:.1f}.</p>"
    )
