"""The verdict in words: at which scale generated images are told from scans, copies, missing variety, or no verdict."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfgan_thyroid.evaluation.audit.result import AuditResult
from tfgan_thyroid.evaluation.two_sample.result import ScaleResult, TwoSample

EASILY = 0.9
"""AUC from which a scale counts as told apart."""

BARELY = 0.6
"""AUC up to which a scale counts as hardly told apart: two sets of scans come to .45 to .55 at a few hundred."""

LEAST_SPACING = 0.5
"""Relative spacing under which variety is missing."""

LAYOUT, STRUCTURES = 16, 32
_ASK_THE_AUDIT = "python -m tfgan_thyroid.evaluate --audit looks for copies of whole ones"


class Verdict(NamedTuple):
    """What is said of a generator."""

    headline: str  # one line; never praise where nothing was measured
    details: tuple[str, ...] = ()  # further lines

    @property
    def lines(self) -> list[str]:
        """All of it."""
        return [self.headline, *self.details]


def verdict(
    generated: np.ndarray, found: TwoSample | None, audit: AuditResult | None = None, why_not: str = ""
) -> Verdict:
    """Puts what was found into words; where there was no two-sample test, `why_not` says why."""
    findings = [*_nothing_shown(generated), *_copies(generated.shape[1], found, audit), *_variety(found)]
    if found is None:
        if findings:
            return Verdict(_sentence("; ".join(findings)), (f"not judged further: {why_not}",))
        return Verdict(f"No verdict: {why_not}")
    findings.append(_told_apart(found))
    form = f"short form, {found.training[0].n} scans" if found.form == "short" else f"{found.training[0].n} scans"
    return Verdict(f"{_sentence('; '.join(findings))} ({form} of {found.patients} patients)", tuple(_details(found)))


def scale_name(size: int) -> str:
    """What a scale shows: layout, structures or texture."""
    return "layout" if size <= LAYOUT else "structures" if size <= STRUCTURES else "texture"


def pairs_in_words(results: Sequence[ScaleResult]) -> str:
    """How often the classifier ranks the scan above the generated image, scale by scale, finest first."""
    first, *others = reversed(results)
    words = [
        f"at {first.size} pixels ({scale_name(first.size)}) a small network ranks the scan above the generated image "
        f"in {_of_100(first)} of 100 pairs"
    ]
    words += [f"at {each.size} ({scale_name(each.size)}) in {_of_100(each)}" for each in others]
    return f"{', '.join(words)}; 50 is chance"


def _of_100(result: ScaleResult) -> str:
    return f"{100 * result.auc:.0f}"


def _nothing_shown(generated: np.ndarray) -> list[str]:
    count = len(generated)
    flat = generated.reshape(count, -1)
    constant = int((flat == flat[:, :1]).all(axis=1).sum())
    if constant * 2 > count:
        return [f"generated images show nothing: {constant} of {count} are of one grey level"]
    if count > 1 and (flat == flat[0]).all():
        return [f"variety is missing: all {count} generated images are the same image"]
    return []


def _copies(image_size: int, found: TwoSample | None, audit: AuditResult | None) -> list[str]:
    copied = [result for result in found.training if result.suggests_copies] if found is not None else []
    reasons = ["the memorisation audit failed"] if audit is not None and not audit.passed else []
    # Few patients have few layouts: images may repeat those, and still copy no scan.
    layout_alone = not reasons and all(result.size <= LAYOUT < image_size for result in copied)
    if copied:
        worst = min(copied, key=lambda result: result.auc)
        reasons.append(
            f"at {worst.size} pixels an AUC of {worst.auc:.2f} ({worst.low:.2f} to {worst.high:.2f}) lies wholly under "
            ".5, as where copies stand among the generated images"
        )
        if layout_alone:
            reasons.append(_ASK_THE_AUDIT if audit is None else "the memorisation audit found no copy of a whole one")
    what = "the layout of scans" if layout_alone else "scans"
    return [f"generated images copy {what}: {'; '.join(reasons)}"] if reasons else []


def _variety(found: TwoSample | None) -> list[str]:
    if found is None or found.spacing >= LEAST_SPACING:
        return []
    return [f"variety is missing: generated images lie {found.spacing:.2f} times as far from each other as scans do"]


def _told_apart(found: TwoSample) -> str:
    easily = [result for result in found.training if result.auc >= EASILY]
    partly = [result for result in found.training if BARELY < result.auc < EASILY]
    measured = pairs_in_words(found.training)
    if len(easily) == len(found.training):
        return f"told from scans at every scale: {measured}"
    if easily or partly:
        parts = [f"told from scans by {_names(easily)}"] if easily else []
        parts += [f"told from scans in part by {_names(partly)}"] if partly else []
        return f"{', '.join(parts)}: {measured}"
    return f"hardly told from scans at {_sizes(found.training)} pixels: {measured}"


def _names(results: Sequence[ScaleResult]) -> str:
    return " and ".join(dict.fromkeys(scale_name(result.size) for result in reversed(results)))


def _sizes(results: Sequence[ScaleResult]) -> str:
    return ", ".join(str(result.size) for result in results)


def _details(found: TwoSample) -> list[str]:
    lines = []
    if found.form == "short":
        lines.append("a scale that is not named was not asked; python -m tfgan_thyroid.evaluate gives the full form")
    for ours, theirs in zip(found.as_many, found.unseen, strict=True):
        lines.append(
            f"at {ours.size} pixels, {ours.n} scans each: AUC {ours.auc:.2f} on training scans, {theirs.auc:.2f} on "
            "unseen ones"
        )
    return lines


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
