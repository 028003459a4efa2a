"""The report's section on the two-sample test."""

from tfgan_thyroid.evaluation.report.parts import table
from tfgan_thyroid.evaluation.two_sample.result import ScaleResult, TwoSample
from tfgan_thyroid.evaluation.verdict import scale_name


def two_sample_section(found: TwoSample) -> str:
    """The test in numbers, scale by scale."""
    parts = (
        ("training scans", found.training),
        ("training scans, as many as unseen ones", found.as_many),
        ("unseen scans", found.unseen),
    )
    rows = [_row(title, result) for title, results in parts for result in results]
    headings = ("scans", "pixels", "AUC", "95 % interval", "bits", "real against real", "n")
    shown = table(f"Scans against generated images, {found.form} form, seed {found.seed}", headings, rows)
    return (
        '<section id="two-sample"><h2>Told from scans</h2><p>A small network that has not seen them ranks scans and '
        "generated images, averaged down to each size: the AUC is how often it puts the scan first. .5: it cannot "
        "tell; wholly under .5: copies. Folds and intervals are by patient. Real against real: random halves of the "
        f"patients, whose expectation is .5.</p>{shown}</section>"
    )


def _row(title: str, result: ScaleResult) -> list[str]:
    halves = "&ndash;"
    if result.real_aucs:
        mean = sum(result.real_aucs) / len(result.real_aucs)
        halves = f"{mean:.3f} ({min(result.real_aucs):.3f} to {max(result.real_aucs):.3f}; n {result.real_n})"
    size = f"{result.size} ({scale_name(result.size)})"
    interval = f"{result.low:.3f} to {result.high:.3f}"
    return [title, size, f"{result.auc:.3f}", interval, f"{result.bits:.2f}", halves, str(result.n)]
