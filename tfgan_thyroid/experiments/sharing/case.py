"""One recipient with one draw of labels and one sender: what there is to learn from. Computed once, kept in files."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfgan_thyroid import atomic
from tfgan_thyroid.data.records.labelled_subsets import one_frame_each
from tfgan_thyroid.data.records.used_scans import used_scans
from tfgan_thyroid.segmentation.config import SegmentationConfig
from tfgan_thyroid.segmentation.ensemble import Labels, Member, label_images, most_agreed
from tfgan_thyroid.segmentation.examples import SegmentationExamples, load_examples
from tfgan_thyroid.segmentation.model import SegmentationModel, build_segmentation_model

TEACHERS = 3
LEFT_OUT = 0.1
"""Share of the labelled images on which the U-Nets agree least."""


@dataclasses.dataclass(frozen=True)
class Case:
    """What an arm may draw on."""

    output: Path  # directory of the experiment
    recipient: Path  # its data set
    sender: int  # number of the sender
    labels: int  # own labels; 0 for none
    draw: int  # number of the draw of own labels, and seed of the U-Net
    config: SegmentationConfig  # of every U-Net
    generated: int  # images of each generator

    def own(self) -> SegmentationExamples:
        """The recipient's few labels: one frame each of different patients."""
        chosen = one_frame_each(used_scans(self.recipient, "train"), self.labels, self.draw)
        return self.every().with_ids([scan.source_id for scan in chosen])

    def every(self) -> SegmentationExamples:
        """All of the recipient's train split, labelled: the bound."""
        return load_examples(self.recipient, "train")

    def unlabelled(self) -> SegmentationExamples:
        """The recipient's train split without its masks, and of weight 0."""
        every = self.every()
        return dataclasses.replace(every, masks=np.zeros_like(every.masks)).weighted(0.0)

    def sent_images(self) -> SegmentationExamples:
        """Generated images of the sender, labelled by the sender's U-Nets."""
        return self._by(self._sent_unets(), stored_images(self.output / "sent" / f"images-{self.sender}.npz")["images"])

    def sent_pairs(self) -> SegmentationExamples:
        """Generated pairs of the sender."""
        pairs = stored_images(self.output / "sent" / f"pairs-{self.sender}.npz")
        return _examples(pairs["images"], pairs["masks"].astype(bool))

    def own_generated(self) -> np.ndarray:
        """Images of a generator of the recipient's own scans: uint8 `[N, H, W, 1]`."""
        return stored_images(self.output / "sent" / "images-own.npz")["images"]

    def sent_weights(self) -> list[np.ndarray]:
        """Of the sender's first U-Net."""
        return read_weights(self._sent_unets()[0])

    def labelled_by_sender(self, images: np.ndarray) -> SegmentationExamples:
        """Images with soft masks of the sender's U-Nets."""
        return self._by(self._sent_unets(), images)

    def labelled_by_own(self, images: np.ndarray) -> SegmentationExamples:
        """Images with soft masks of U-Nets that learnt from the own labels alone."""
        return self._by([self.own_unet(number) for number in range(TEACHERS)], images)

    def own_unet(self, number: int) -> Path:
        """Weights of a U-Net of arm A with these labels; the first is the one that is scored."""
        return self.output / "unets" / f"own-{self.labels}labels-draw{self.draw}-{number}.npz"

    def _sent_unets(self) -> list[Path]:
        return [sender_unet(self.output, self.sender, number) for number in range(TEACHERS)]

    def _by(self, unets: Sequence[Path], images: np.ndarray) -> SegmentationExamples:
        labels = label_images([_member(path, self.config) for path in unets], images)
        kept = most_agreed(labels.agreement, LEFT_OUT)
        return _examples(images, labels.masks, labels).select(list(kept))


def sender_unet(output: Path, sender: int, number: int) -> Path:
    """Weights of a U-Net of the sender's labelled scans."""
    return output / "unets" / f"sender{sender}-{number}.npz"


def write_weights(path: Path, model: SegmentationModel) -> None:
    """Writes a U-Net's weights, whole or not at all."""
    store(path, {f"{place:03d}": weight for place, weight in enumerate(model.unet.get_weights())})


def read_weights(path: Path) -> list[np.ndarray]:
    """What `write_weights` wrote, in the network's order."""
    with np.load(path) as stored:
        return [stored[name] for name in sorted(stored.files)]


def store(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes arrays to one file, whole or not at all."""
    import io

    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, file.getvalue())


def stored_images(path: Path) -> dict[str, np.ndarray]:
    """What `store` wrote."""
    with np.load(path) as stored:
        return dict(stored)


def _member(path: Path, config: SegmentationConfig) -> Member:
    model = build_segmentation_model(config, 1)
    model.unet.set_weights(read_weights(path))
    return Member(path.stem, model.probabilities)


def _examples(images: np.ndarray, masks: np.ndarray, labels: Labels | None = None) -> SegmentationExamples:
    names = [f"generated{place}" for place in range(len(images))]
    return SegmentationExamples(images, masks, names, list(names), labels.soft_masks if labels else None)
