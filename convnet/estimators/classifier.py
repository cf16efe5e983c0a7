"""ConvNetClassifier."""

import numpy as np
from sklearn.base import ClassifierMixin

from convnet.estimators.base import BaseConvNet
from convnet.estimators.labels import (
    as_labels,
    count_outputs,
    encode,
    likeliest,
    stratified_split,
)
from convnet.training.losses import cross_entropy, log_probabilities, probabilities


class ConvNetClassifier(ClassifierMixin, BaseConvNet):
    """Convolutional neural network classifier.

    The net is declared by its layers; the output layer, one unit for two classes and K for more, and a
    Flatten where it is needed are put in. Training minimises the cross-entropy.

    Parameters
    ----------
    layers : "auto", list of Layer or dict, dict, str or path, default="auto"
        The net without its output layer: layers, dicts such as ``{"type": "Conv2D", "filters": 16}``, JSON or
        YAML text or the path of such a file. "auto" is a small convolutional net for images and a dense net
        for flat rows.
    input_shape : tuple of int, default=None
        Shape of one image, in the order of `data_format`, for X that is flat: (height, width) or
        (height, width, channels).
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Order of the axes of X: (n, height, width, channels) or (n, channels, height, width).
    rescale : "auto", float or None, default="auto"
        "auto" divides uint8 by 255 and uint16 by 65535 and leaves other dtypes untouched; a number
        multiplies X; None leaves it untouched. A net fitted on one of the two dtypes takes the other as well,
        unless the uint16 hold nothing above 255, which may be 8-bit values.
    solver : {"adam", "sgd"}, default="adam"
        The optimizer.
    alpha : float, default=1e-4
        Strength of the L2 term, which is divided by the sum of the weights of the batch.
    batch_size : int or "auto", default="auto"
        Rows of a step. "auto" is min(128, n).
    learning_rate : str, schedule or callable, default="constant"
        "constant"; "adaptive" (divided by 5 whenever `n_iter_no_change` epochs bring no progress); "step" or
        "cosine", which stand for ``Step()`` and ``Cosine()`` of `convnet.schedules`; one of those with fields
        of your own; or a callable that takes the epoch, from 0, and returns the rate, `learning_rate_init` aside.
        Epochs are counted from the start of each ``fit``, in ``partial_fit`` from its first call after one.
    learning_rate_init : float, default=1e-3
        The initial learning rate.
    max_iter : int, default=20
        Number of epochs. No warning is given when they are used up: a fixed number of epochs is the normal case.
    shuffle : bool, default=True
        Whether to shuffle the rows in each epoch.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order of the rows, validation split and dropout. One number gives the
        same bits at any `n_jobs`.
    tol : float, default=1e-4
        Training ends when for more than `n_iter_no_change` epochs in a row neither the loss falls nor, with
        `early_stopping`, the validation score rises by this much.
    verbose : bool, default=False
        Whether to print a line an epoch.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last fit; epochs are counted on. Where both fits have
        `early_stopping`, the earlier best weights stand until an epoch betters them, and the split is drawn
        alike: for the same X and y the same rows are held out, whatever `random_state` is.
    momentum : float, default=0.9
        Momentum of "sgd".
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moments of "adam".
    epsilon : float, default=1e-8
        Numerical stability of "adam".
    early_stopping : bool, default=False
        Whether to hold out `validation_fraction` of the rows, stratified, stop by the accuracy on them, and
        keep the weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows that `early_stopping` holds out.
    n_iter_no_change : int, default=10
        See `tol`.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, which multiply `sample_weight`. "balanced" makes the classes weigh the same.
    n_jobs : int, default=None
        Most threads; fewer run while that is faster. None is one a physical core, within what OpenMP and
        the process are allowed (unlike scikit-learn's usual None, which is 1); -1 is all CPUs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_features_in_ : int
        height · width · channels, or the features of flat rows.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a data frame.
    input_shape_ : tuple of int
        (height, width, channels) or (features,).
    layers_ : tuple of LayerInfo
        Name, type, output shape, parameters, multiply-adds and memory of each layer.
    weights_ : Weights
        Read-only mapping of names such as "conv1/weights" to arrays.
    n_parameters_ : int
        Number of parameters.
    n_iter_ : int
        Epochs done, those of earlier fits that were gone on from included.
    best_iter_ : int
        The epoch, from 1, whose weights were kept: the best one with `early_stopping`, else the last.
    loss_ : float
        Training loss of that epoch.
    loss_curve_ : list of float
        Training loss of each epoch, penalty included.
    validation_loss_curve_, validation_scores_ : list of float
        Cross-entropy and accuracy on the rows held out, with `early_stopping`.
    history_ : dict of list
        All figures of each epoch.

    Examples
    --------
    >>> from convnet import ConvNetClassifier
    >>> from convnet.layers import Conv2D, Dense, MaxPool2D
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> clf = ConvNetClassifier(
    ...     [Conv2D(16, 3, activation="relu"), MaxPool2D(2), Dense(32, activation="relu")], random_state=0
    ... )
    >>> clf.fit(digits.images / 16, digits.target).score(digits.images / 16, digits.target) > 0.9
    True
    """

    def __init__(
        self,
        layers="auto",
        *,
        input_shape=None,
        data_format="channels_last",
        rescale="auto",
        solver="adam",
        alpha=1e-4,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=1e-3,
        max_iter=20,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        class_weight=None,
        n_jobs=None,
    ):
        self.layers = layers
        self.input_shape = input_shape
        self.data_format = data_format
        self.rescale = rescale
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.n_jobs = n_jobs

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these rows, from where the last call or fit ended.

        The optimizer's moments last from call to call; they start anew after a ``fit`` and after unpickling.

        A learning rate schedule begins with the first call, also where that comes after a ``fit``, runs for `max_iter`
        calls, and stays at its last rate from then on.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images or flat rows.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that may ever occur. Needed in the first call.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        self : object
            Fitted estimator.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        if isinstance(self.class_weight, str):
            raise ValueError('partial_fit does not support class_weight="balanced". Pass a dict.')
        goes_on = hasattr(self, "weights_")
        if not goes_on and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, goes_on=goes_on, partial=True, classes=classes)

    def predict(self, X):
        """Return the likeliest label of each row.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images or flat rows.

        Returns
        -------
        labels : ndarray of shape (n,)
            Labels, of the dtype of y in ``fit``.
        """
        codes = likeliest(self._outputs(X))
        return self.classes_[codes]

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images or flat rows.

        Returns
        -------
        p : ndarray of float64, shape (n, n_classes)
            In the order of ``classes_``; rows sum to 1.
        """
        return probabilities(self._outputs(X))

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class, exact for small ones too.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images or flat rows.

        Returns
        -------
        log_p : ndarray of float64, shape (n, n_classes)
            In the order of ``classes_``.
        """
        return log_probabilities(self._outputs(X))

    def decision_function(self, X):
        """Return the logits.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c), (n, h, w) or (n, features)
            Images or flat rows.

        Returns
        -------
        logits : ndarray of float64, shape (n, n_classes) or, for two classes, (n,)
            Above 0 means ``classes_[1]`` where there are two.
        """
        logits = self._outputs(X).astype(np.float64)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def _encode(self, y, sample_weight, *, classes, goes_on):
        fitted = self.classes_ if goes_on else None
        return encode(y, sample_weight, self.class_weight, classes=classes, fitted=fitted)

    def _split(self, targets, seed):
        return stratified_split(targets, self.validation_fraction, seed)

    def _figures(self, logits, targets, weights):
        accuracy = np.average(likeliest(logits) == targets, weights=weights)
        return cross_entropy(logits, targets, weights), float(accuracy)

    def _count_outputs(self, y):
        return count_outputs(np.unique(as_labels(y)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
