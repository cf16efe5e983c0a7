"""A net in skorch, which gives PyTorch the API of scikit-learn."""

import numpy as np
import torch
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier
from torch import nn
from torch_net import load, logits_module


class SkorchNet:
    """`fit_epoch` is one `partial_fit`, which trains for one epoch. X is float32 (n, c, h, w)."""

    def __init__(self, net, X, y, n_threads):
        torch.set_num_threads(n_threads)
        torch.manual_seed(0)
        binary = net.n_outputs == 1
        self.net = net
        self.X = np.ascontiguousarray(X.transpose(0, 3, 1, 2))
        self.y = y.astype(np.float32 if binary else np.int64)
        kind = NeuralNetBinaryClassifier if binary else NeuralNetClassifier
        self.classifier = kind(
            logits_module(net),
            criterion=nn.BCEWithLogitsLoss if binary else nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            batch_size=net.batch,
            max_epochs=1,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
            **({} if binary else {"classes": range(net.n_classes)}),
        ).initialize()

    @property
    def one(self):
        return self.X[:1]

    def load(self, weights):
        load(self.classifier.module_, self.net, weights)

    def fit_epoch(self):
        self.classifier.partial_fit(self.X, self.y)

    def predict_proba(self, X=None):
        return self.classifier.predict_proba(self.X if X is None else X)
