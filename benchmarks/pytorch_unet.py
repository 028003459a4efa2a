"""The paper's U-Net in PyTorch, with its default initialisation: a yardstick for speed and a check of the losses.

What a PyTorch user who cares for speed would write: stock layers, channels-last tensors, in-place activations, fused
Adam, bfloat16 by autocast.
"""

import torch
from torch import Tensor, nn

HALVINGS = 4


class PyTorchUNet(nn.Module):
    """Images `[N, channels, H, W]` to logits `[N, 1, H, W]`."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(HALVINGS + 1)]
        self.down = nn.ModuleList(double_convolution(a, b) for a, b in zip([channels, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * a, a, 2, stride=2) for a in reversed(widths[:-1]))
        self.joined = nn.ModuleList(double_convolution(2 * a, a) for a in reversed(widths[:-1]))
        self.pool = nn.MaxPool2d(2)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Down to the fifth level, then up beside the maps of the way down."""
        skipped = []
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else self.pool(features))
            skipped.append(features)
        skipped.pop()
        for up, joined in zip(self.up, self.joined, strict=True):
            features = joined(torch.cat([skipped.pop(), up(features)], dim=1))
        return self.last(features)

    def in_order(self) -> list[nn.Parameter]:
        """The parameters from the first layer to the last."""
        ascent = [part for pair in zip(self.up, self.joined, strict=True) for part in pair]
        return [parameter for part in [*self.down, *ascent, self.last] for parameter in part.parameters()]


def double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    """Two padded 3x3 convolutions, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for features in (inputs, outputs):
        layers += [
            nn.Conv2d(features, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class PyTorchSegmentation:
    """The U-Net with its optimizer.

    Args:
        channels: channels of an image.
        width: channels at full size.
        bfloat16: run the network under bfloat16 autocast; the loss is float32 in any case.
    """

    def __init__(self, channels: int, width: int, bfloat16: bool = False) -> None:
        self.network = PyTorchUNet(channels, width).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=0.01, eps=1e-8, fused=True)
        self.loss = nn.BCEWithLogitsLoss()
        self.bfloat16 = bfloat16

    def step(self, images: Tensor, masks: Tensor) -> float:
        """One step of Adam on the cross-entropy, which is returned."""
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            logits = self.network(images.contiguous(memory_format=torch.channels_last))
        loss = self.loss(logits.float(), masks)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.item()

    @torch.inference_mode()
    def probabilities(self, images: Tensor) -> Tensor:
        """Of foreground, by the moving statistics."""
        self.network.eval()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            return self.network(images.contiguous(memory_format=torch.channels_last)).float().sigmoid()
