"""What every client of a served generator has in common. The standard library alone: no TensorFlow, no NumPy."""

import abc
from collections.abc import Sequence

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.png_files import is_whole


class ImageClient(abc.ABC):
    """One model of one server."""

    url: str  # address of the server, without name and password
    model: str  # its name there

    def images(self, seeds: Sequence[int]) -> list[bytes]:
        """The PNG files of some seeds, as `files`, without masks."""
        return [files["image_bytes"] for files in self.files(seeds)]

    def files(self, seeds: Sequence[int]) -> list[dict[str, bytes]]:
        """The PNG files of some seeds, in one request: `image_bytes`, and `mask_bytes` of a paired generator.

        Raises:
            UserError: the server is down, does not serve the model, refuses the request or answers something else.
        """
        rows = self._rows(seeds)
        if len(rows) != len(seeds) or any("image_bytes" not in row for row in rows):
            raise UserError(f"{self.url} answered {len(seeds)} seeds with something else than as many images")
        if not all(is_whole(png) for row in rows for png in row.values()):
            raise UserError(f"{self.url} answered a damaged PNG file")
        return rows

    @abc.abstractmethod
    def close(self) -> None:
        """Closes the connection."""

    @abc.abstractmethod
    def _rows(self, seeds: Sequence[int]) -> list[dict[str, bytes]]:
        """What the server answers to each seed, by the name of the output."""
