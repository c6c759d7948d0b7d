"""What every data set becomes once it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aecore.errors import LabError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Progress = Callable[[float, str], None]
"""Called with the share done, in [0, 1], and what is being done."""


class DataError(LabError):
    """A data set that cannot be had; the message is one sentence with the cause and the way out."""


@dataclass(frozen=True, eq=False)  # comparing tensors gives tensors, not a truth value
class ImageSet:
    """Labelled images, train and test apart.

    Images are uint8 (N, C, H, W) with 0 for a black background; labels are int64 (N,) and
    index `class_names`.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    class_names: tuple[str, ...]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.train_images.shape[1:]
        return channels, height, width

    def only(self, classes: Sequence[int]) -> ImageSet:
        """The images whose labels are among `classes`, in their order; all of them where that is empty."""
        if not classes:
            return self
        import torch

        wanted = torch.tensor(classes, device=self.train_labels.device)
        train, test = (torch.isin(labels, wanted) for labels in (self.train_labels, self.test_labels))
        return replace(
            self,
            train_images=self.train_images[train],
            train_labels=self.train_labels[train],
            test_images=self.test_images[test],
            test_labels=self.test_labels[test],
        )

    def to(self, device: torch.device | str) -> ImageSet:
        """The same images and labels on `device`."""
        return replace(
            self,
            train_images=self.train_images.to(device),
            train_labels=self.train_labels.to(device),
            test_images=self.test_images.to(device),
            test_labels=self.test_labels.to(device),
        )
