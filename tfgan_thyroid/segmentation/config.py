"""Every choice of a segmentation run. Imports no TensorFlow."""

from dataclasses import dataclass

from tfgan_thyroid.config import stage_count
from tfgan_thyroid.config_fields import ConfigFields
from tfgan_thyroid.errors import UserError

CHOICES = {
    "loss": ("bce", "dice", "both"),
    "augmentation": ("none", "conventional"),
    "precision": ("float32", "mixed_bfloat16"),
}
PRESETS: dict[str, dict[str, object]] = {
    "cpu": {"width": 8, "batch_size": 8, "epochs": 20, "decay_every": 7},
    "paper": {},
}
"""What differs from the paper's setting, by name. `cpu` takes minutes on two cores; the paper's takes a GPU."""

SMALLEST_IMAGE = 16
"""Four halvings lead from it to a single pixel."""


@dataclass(frozen=True)
class SegmentationConfig(ConfigFields):
    """A U-Net's training, resolved. The defaults are the paper's setting (section III.D)."""

    image_size: int = 256  # height and width in pixels, taken from the data set; 16 or more
    channels: int = 1  # channels of an image, taken from the data set
    width: int = 64  # channels at the full image size; each of the four halvings doubles them
    batch_size: int = 16  # images in a step
    epochs: int = 60  # passes over the training examples, real and generated together
    # Of the initial values, the order of the examples, their augmentation, and the choice of a part of them.
    seed: int = 0
    loss: str = "bce"  # `bce`, binary cross-entropy from logits; `dice`, one minus the soft Dice; or their sum
    augmentation: str = "none"  # `none`, or `conventional`: flip, rotation, resize and elastic distortion
    learning_rate: float = 0.01  # of Adam, in the first epochs
    decay_every: int = 20  # epochs after which the learning rate falls, again and again
    decay_rate: float = 0.1  # what the learning rate is multiplied by then
    beta_1: float = 0.9  # Adam's decay of the gradient's mean
    beta_2: float = 0.999  # Adam's decay of the squared gradient's mean
    adam_epsilon: float = 1e-8  # Adam's epsilon
    # Epochs without a better Dice on the eval split after which training ends, and the best epoch's weights are taken;
    # 0, the paper's setting, trains to the end and takes the last ones.
    early_stopping: int = 0
    labelled_limit: int = 0  # labelled train scans to use, drawn by the seed; 0 uses all
    synthetic_limit: int = 0  # generated pairs to use, the first ones; 0 uses all
    synthetic_weight: float = 1.0  # what the loss of a generated pair is multiplied by
    # Of each batch that is generated pairs, as 0.5; 0 mixes them with the labelled scans by number.
    synthetic_share: float = 0.0
    soft: bool = False  # learn from the probabilities in `soft_masks/` of the generated pairs, not from their masks
    precision: str = "float32"  # `float32`, or `mixed_bfloat16` with norms and losses in float32
    checkpoint_every: int = 10  # epochs between checkpoints
    overlay_every: int = 10  # epochs between overlays in TensorBoard

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise UserError(f"{name} is {getattr(self, name)!r}: choose one of {', '.join(choices)}")
        stage_count(self.image_size)
        if self.image_size < SMALLEST_IMAGE:
            raise UserError(f"image size {self.image_size} is too small for a U-Net: at least {SMALLEST_IMAGE} pixels")
        positive = ("channels", "width", "batch_size", "epochs", "decay_every", "checkpoint_every", "overlay_every")
        for name in positive:
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}: it must be at least 1")
        for name in ("early_stopping", "labelled_limit", "synthetic_limit"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} is {getattr(self, name)}: it must be 0 or more")
        if not 0.0 <= self.synthetic_share < 1.0:
            raise UserError(f"synthetic_share is {self.synthetic_share}: it must be at least 0 and under 1")
        for name in ("learning_rate", "decay_rate", "synthetic_weight"):
            if not getattr(self, name) > 0.0:
                raise UserError(f"{name} is {getattr(self, name)}: it must be above 0")


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """Steps that see every example at least once: the last batch is filled from the next epoch."""
    return -(-examples // batch_size)
