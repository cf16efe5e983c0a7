"""A net in convnet, through its public API."""

from timing import seconds

from convnet import ConvNetClassifier

# Seconds of an epoch: (fit of 1 + EPOCHS epochs - fit of 1 epoch) / EPOCHS, without checks, planning and copies.
EPOCHS = 2


def classifier(net, n_threads, max_iter):
    return ConvNetClassifier(
        list(net.layers),
        batch_size=net.batch,
        alpha=0.0,
        max_iter=max_iter,
        n_jobs=n_threads,
        random_state=0,
    )


def epoch_seconds(net, X, y, n_threads):
    few, many = (seconds(classifier(net, n_threads, k).fit, X, y) for k in (1, 1 + EPOCHS))
    return (many - few) / EPOCHS


class ConvNetNet:
    """`fit_epoch` is a whole fit of one epoch, checks and planning included. `partial_fit` trains one more epoch."""

    def __init__(self, net, X, y, n_threads):
        self.net, self.X, self.y = net, X, y
        self.classifier = classifier(net, n_threads, 1)

    def fit_epoch(self):
        self.classifier.fit(self.X, self.y)

    def partial_fit(self):
        self.classifier.partial_fit(self.X, self.y, classes=range(self.net.n_classes))
