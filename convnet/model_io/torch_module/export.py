"""``to_torch``: fitted estimators as modules of PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet._extras import install_library
from convnet.model_io.exported import ExportsNet

if TYPE_CHECKING:
    from torch import nn


class TorchMixin(ExportsNet):
    """Adds ``to_torch`` to an estimator."""

    def to_torch(self) -> nn.Module:
        """Return the fitted net as a PyTorch module with a copy of its weights.

        The module takes X as the estimator does: raw images as a tensor of shape (n, h, w, c), or (n, c, h, w) with
        ``data_format="channels_first"``, of any numeric dtype. It rescales them itself. Signals, flat rows and gray
        images without an axis of channels work too.

        Its submodules are layers of PyTorch with the names of the layers here, such as ``net.conv1``. Their parameters
        are float32, are on the CPU and require gradients. Use the module like any other: ``net.to("cuda")``,
        ``net.train()``, ``net.output = nn.Linear(64, 5)``, ``torch.save(net.state_dict(), "net.pth")``.

        The estimator takes the weights back: pass ``net.state_dict()``, or the file, as `init_weights` of an estimator
        with the same layers. A regressor learns mean and standard deviation of y in ``fit``, so pass the same y. If a
        layer combines neighboring features of a flattened map, as `LRN` does, `init_weights` refuses the weights.

        Returns
        -------
        net : torch.nn.Module
            Module in evaluation mode. Its outputs are

            - of a classifier, the logits of ``decision_function``. For three classes or more, they have shape
              (n, n_classes), in the order of ``classes_``, for ``nn.CrossEntropyLoss``. For two classes, they have
              shape (n,), and for several labels (n, n_labels), for ``nn.BCEWithLogitsLoss``.
            - of a regressor, the values of ``predict``, in the units of y.
            - of a transformer, the features of ``transform``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the net has a layer of a user's own class.
        ImportError
            If PyTorch is not installed.

        Notes
        -----
        In training mode, dropout, stochastic depth and batch normalization work with the rates and the momentum of the
        layers. The running variances that PyTorch learns are larger by the factor m / (m - 1) for m values of a channel
        in a batch. `alpha`, `l2`, `max_norm`, `freeze`, `augment` and the learning rates belong to ``fit`` and are not
        part of the module.

        If X has another dtype than in ``fit`` and `rescale` is "auto", the module compares the largest value of the
        batch with the range of X in ``fit``, and raises ValueError for values in other units. While the module is
        compiled or traced, it does not.

        Examples
        --------
        >>> import torch
        >>> from convnet import ConvNetClassifier
        >>> from sklearn.datasets import load_digits
        >>> X, y = load_digits(return_X_y=True)
        >>> clf = ConvNetClassifier(max_iter=2).fit(X, y)
        >>> net = clf.to_torch()
        >>> net(torch.from_numpy(X)).shape
        torch.Size([1797, 10])
        """
        net, layer = self._exported()
        try:
            from convnet.model_io.torch_module.build import build_module
        except ImportError as error:
            if error.name != "torch":
                raise
            raise ImportError(
                f"to_torch needs PyTorch. Install it with: {install_library('torch')}"
            ) from error
        return build_module(net, layer)
