"""Each arm against own labels alone, and against the best of what else could be sent or done."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfgan_thyroid.experiments.bootstrap import bootstrap_crossed
from tfgan_thyroid.experiments.sharing.arms import ARMS
from tfgan_thyroid.experiments.sharing.cells import SharingProtocol, score_name
from tfgan_thyroid.experiments.significance import Interval

GENERATED = {"S", "S-pairs"}
"""Two forms of one offer, which are no alternatives to each other."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """An arm with a number of own labels."""

    arm: str  # name
    labels: int  # own labels; 0 where it uses none
    dice: Interval  # mean over senders, draws and test patients
    draws: int  # of the labels, or trainings where there are none
    over_own: Interval | None  # difference from own labels alone, paired; None for arm A
    instead: tuple[str, int] | None  # the arm with the highest mean among the alternatives, with its labels
    over_instead: Interval | None  # difference from it
    synthetic: float  # images beside the own labels, mean

    @property
    def name(self) -> str:
        """For the table: `S0` is S without own labels."""
        return f"{self.arm}0" if not self.labels and ARMS[self.arm].alone == "also" else self.arm


class Scores:
    """The results of arms as arrays."""

    def __init__(self, protocol: SharingProtocol, results: Mapping[str, Any]) -> None:
        self._senders = range(len(protocol.senders))
        self._results = results
        self._draws = max(protocol.draws, protocol.other_draws)

    def draws(self, arm: str, labels: int) -> list[int]:
        """Those that every sender has."""
        return [draw for draw in range(self._draws) if all(self._of(arm, labels, draw, s) for s in self._senders)]

    def values(self, arm: str, labels: int, draws: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Dice `[senders, draws, groups]`, groups by name, and the images of each group."""
        found = [[self._of(arm, labels, draw, sender) for draw in draws] for sender in self._senders]
        groups = sorted(found[0][0]["groups"])
        dice = [[[one["groups"][group]["dice"] for group in groups] for one in of_sender] for of_sender in found]
        images = [found[0][0]["groups"][group]["images"] for group in groups]
        return np.array(dice), np.array(images, np.float64)

    def mean(self, arm: str, labels: int) -> Interval:
        """Over senders, draws and patients."""
        values, images = self.values(arm, labels, self.draws(arm, labels))
        return bootstrap_crossed(values if ARMS[arm].sent else values[:1], images)

    def difference(self, first: tuple[str, int], second: tuple[str, int]) -> Interval | None:
        """First minus second, paired by sender, draw and patient; None without a draw that both have."""
        draws = sorted(set(self.draws(*first)) & set(self.draws(*second)))
        if not draws:
            return None
        (values, images), (others, _) = self.values(*first, draws), self.values(*second, draws)
        sent = ARMS[first[0]].sent or ARMS[second[0]].sent
        return bootstrap_crossed((values - others)[: None if sent else 1], images)

    def synthetic(self, arm: str, labels: int) -> float:
        """Images beside the own labels, mean over senders and draws."""
        draws = self.draws(arm, labels)
        return float(np.mean([self._of(arm, labels, d, s)["synthetic"] for d in draws for s in self._senders]))

    def _of(self, arm: str, labels: int, draw: int, sender: int) -> Any:
        return self._results.get(score_name(arm, labels, draw, sender))


def compare_arms(protocol: SharingProtocol, results: Mapping[str, Any]) -> dict[int, list[Outcome]]:
    """The outcomes by the number of own labels; those without own labels stand in each."""
    scores = Scores(protocol, results)
    known = [(arm, labels) for arm in protocol.arms for labels in (*protocol.labels, 0) if scores.draws(arm, labels)]
    means = {place: scores.mean(*place) for place in known}
    return {
        count: [_outcome(scores, means, place, count) for place in known if place[1] in (count, 0)]
        for count in protocol.labels
    }


def _outcome(scores: Scores, means: Mapping[tuple[str, int], Interval], place: tuple[str, int], count: int) -> Outcome:
    arm, labels = place
    own = ("A", count)
    others = [
        other
        for other in means
        if other[1] in (count, 0) and ARMS[other[0]].shared and other[0] != arm and not {other[0], arm} <= GENERATED
    ]
    instead = max(others, key=lambda other: means[other].mean, default=None)
    return Outcome(
        arm,
        labels,
        means[place],
        len(scores.draws(*place)),
        scores.difference(place, own) if own in means and arm != "A" else None,
        instead,
        scores.difference(place, instead) if instead and ARMS[arm].shared else None,
        scores.synthetic(*place),
    )


def judged(difference: Interval | None, gain: str = "a gain", loss: str = "a loss") -> str:
    """Whether the interval excludes zero, in words."""
    words = {None: "not known from one draw", 1: gain, -1: loss, 0: "no measurable difference"}
    return words[difference.sign if difference else None]
