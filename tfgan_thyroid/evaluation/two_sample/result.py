"""What a two-sample test found, scale by scale."""

import dataclasses
from typing import Any, NamedTuple


class ScaleResult(NamedTuple):
    """How well scans are told from generated images at one scale."""

    size: int  # pixels a side that the images were averaged down to
    n: int  # scans, and as many generated images
    auc: float  # chance that the classifier ranks a scan above a generated image
    low: float  # lower end of its 95 % interval, by the bootstrap over patients
    high: float  # upper end
    bits: float  # what its score tells of an image, 0 to 1
    real_n: int = 0  # scans in each half of a real halving; 0 where there was none
    real_aucs: tuple[float, ...] = ()  # of real halves against each other, whose expectation is 0.5

    @property
    def suggests_copies(self) -> bool:
        """Whether the interval lies wholly under 0.5.

        Copies of held-out scans stood among the generated images that the classifier learnt from, so that it takes the
        scans for generated.
        """
        return self.high < 0.5


@dataclasses.dataclass(frozen=True)
class TwoSample:
    """All scales."""

    form: str  # `full`, or `short`: fewer scans, no real halvings, and only the scales that its time allowed
    seed: int  # of folds, networks and intervals
    patients: int  # whose the training scans are
    # The scans that the generator learnt from against generated images, coarsest scale first.
    training: list[ScaleResult]
    as_many: list[ScaleResult]  # the same with as many of them as there are unseen scans
    unseen: list[ScaleResult]  # scans that it has not seen against generated images; empty where there are too few
    spacing: float  # of the generated images among themselves over that of the scans, at the coarsest scale

    def at(self, size: int) -> ScaleResult | None:
        """The training scans' result at a scale, None where it was not asked."""
        return next((result for result in self.training if result.size == size), None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name in ("training", "as_many", "unseen"):
            fields[name] = [result._asdict() for result in fields[name]]
        return fields
