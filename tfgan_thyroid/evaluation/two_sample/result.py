"""What a two-sample test found, scale by scale."""

import dataclasses
from typing import Any, NamedTuple


class ScaleResult(NamedTuple):
    """How well scans are told from generated images at one scale.

    Attributes:
        size: pixels a side that the images were averaged down to.
        n: scans, and as many generated images.
        auc: chance that the classifier ranks a scan above a generated image.
        low: lower end of its 95 % interval, by the bootstrap over patients.
        high: upper end.
        bits: what its score tells of an image, 0 to 1.
        real_n: scans in each half of a real halving; 0 where there was none.
        real_aucs: of real halves against each other, whose expectation is 0.5.
    """

    size: int
    n: int
    auc: float
    low: float
    high: float
    bits: float
    real_n: int = 0
    real_aucs: tuple[float, ...] = ()

    @property
    def suggests_copies(self) -> bool:
        """Whether the interval lies wholly under 0.5.

        Copies of held-out scans stood among the generated images that the classifier learnt from, so that it takes the
        scans for generated.
        """
        return self.high < 0.5


@dataclasses.dataclass(frozen=True)
class TwoSample:
    """All scales.

    Attributes:
        form: `full`, or `short`: fewer scans, no real halvings, and only the scales that its time allowed.
        seed: of folds, networks and intervals.
        patients: whose the training scans are.
        training: the scans that the generator learnt from against generated images, coarsest scale first.
        as_many: the same with as many of them as there are unseen scans.
        unseen: scans that it has not seen against generated images; empty where there are too few.
        spacing: of the generated images among themselves over that of the scans, at the coarsest scale.
    """

    form: str
    seed: int
    patients: int
    training: list[ScaleResult]
    as_many: list[ScaleResult]
    unseen: list[ScaleResult]
    spacing: float

    def at(self, size: int) -> ScaleResult | None:
        """The training scans' result at a scale, None where it was not asked."""
        return next((result for result in self.training if result.size == size), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name in ("training", "as_many", "unseen"):
            fields[name] = [result._asdict() for result in fields[name]]
        return fields
