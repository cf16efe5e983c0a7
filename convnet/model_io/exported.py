"""ExportsNet: the net behind an estimator, for the formats of other programs."""

from __future__ import annotations

from typing import Any

from convnet.fitted.state import fit_snapshot
from convnet.fitted.validate import validate_fitted


class ExportsNet:
    """An estimator whose net can be exported. `ConvNetTransformer` exports a layer of one."""

    def _exported(self) -> tuple[Any, str | None]:
        """Return the fitted net, and the name of the layer whose outputs are wanted, or None."""
        net = fit_snapshot(self)
        validate_fitted(net)
        return net, None
