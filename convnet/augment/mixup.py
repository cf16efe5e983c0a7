"""MixUp: weighted means of two images."""

from convnet.augment.base import Augmentation, Transform, register
from convnet.values.constraints import number, parameter


@register
class MixUp(Augmentation):
    """Mixes each image and its target with those of another sample of the batch, by a random weight.

    Parameters
    ----------
    alpha : float, default=0.2
        Both parameters of the beta distribution of the weight, above 0. Small values mostly leave an image nearly as it
        is, or replace it nearly; 1 draws all weights with equal probability; large values draw weights close to 1/2.

    Notes
    -----
    Each sample i of a batch gets a partner j, any sample of the batch with equal probability, and a share λ, drawn from
    Beta(alpha, alpha). Its image x_i becomes λ · x_i + (1 - λ) · x_j. With weights w and targets y, it then has

    - weight v = λ · w_i + (1 - λ) · w_j,
    - target t = (λ · w_i · y_i + (1 - λ) · w_j · y_j) / v.

    For cross-entropy, v times the loss is λ · w_i · (loss for y_i) + (1 - λ) · w_j · (loss for y_j). The weights are
    those of the estimator: `sample_weight` times `class_weight`. The loss of a batch is the sum of v times the loss for
    t, divided by the sum of the weights w of the batch, which has the same mean as the sum of v. `label_smoothing`
    smooths t. Classes are mixed as probabilities, labels of an indicator and numbers of a regression as numbers.

    The training loss in ``history_`` is the loss for t, so it does not approach 0. The training score is the mean of
    the scores for y_i and y_j, weighted by their shares in t. Validation and prediction mix nothing.

    Images are mixed after all other augmentations of both, wherever `MixUp` stands in the list. A sample that is its
    own partner stays as it is, as always in a batch of one sample. With several of `MixUp` and `CutMix` in a list, one
    of them is drawn for each sample, with equal probability. Partner and share depend on `random_state`, the epoch, the
    row of X and the position in the list, and not on the number of threads.

    References
    ----------
    .. [1] H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018,
           https://arxiv.org/abs/1710.09412

    Examples
    --------
    >>> from convnet.augment import MixUp
    >>> MixUp(0.4)
    MixUp(0.4)
    """

    alpha: float = parameter(number(0, closed="neither"), default=0.2, positional=True)

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        return ("mixup", self.alpha)
