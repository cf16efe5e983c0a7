"""The cost of augmentation: its share of the processor time of a training step, on one thread.

    python benchmarks/augment.py [--isa avx2] [--rounds 10]

Each augmentation by itself and eight of them together are measured on two nets of `nets.py`, with uint8 images. Steps
with and without augmentation take turns, and the minimum time of each counts. "more" is the additional time of a step.
"alone" is the time of the augmentation stage by itself, and "share" is that time divided by the time of a plain step.
The stage also converts X, which a plain step does too, so the share is an upper bound, but less affected by noise.
Before timing, a training step is checked: it must see the images that `convnet.graph.runtime.augmenter` returns.
"""

import argparse
import time

import numpy as np
from nets import NETS

from convnet.augment import (
    CutMix,
    Cutout,
    MixUp,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomHue,
    RandomResizedCrop,
    RandomRotation,
    RandomSaturation,
    RandomTranslation,
    RandomZoom,
)
from convnet.augment.plan import plan_augment
from convnet.graph import Network, Trainer
from convnet.graph.runtime.augmenter import augmented

EIGHT = (
    RandomFlip(),
    RandomRotation(15),
    RandomTranslation(0.1),
    RandomZoom(0.2),
    RandomContrast(0.2),
    RandomBrightness(0.2),
    RandomCrop(4),
    Cutout(8),
)
OTHERS = (RandomResizedCrop(), MixUp(), CutMix())
COLORS = (RandomSaturation(0.2), RandomHue(0.1))
SCALE = 1 / 255


def lists_for(channels):
    """Return the lists of augmentations to measure, by name: eight together, and each by itself."""
    ones = (*EIGHT, *OTHERS, *(COLORS if channels == 3 else ()))
    return {"eight": EIGHT, **{type(one).__name__: (one,) for one in ones}}


class Steps:
    """Training steps of one net on one batch."""

    def __init__(self, net, X, y, plan, isa):
        network = Network(net.layers, net.input_shape, net.n_outputs, seed=0, isa=isa)
        self.network, self.X, self.plan = network, X, plan
        self.loss = "sigmoid" if net.n_outputs == 1 else "softmax"
        self.y = y.astype(np.float32 if net.n_outputs == 1 else np.int32)
        self.trainer = Trainer(network, loss=self.loss, batch_size=len(X), augment=plan)

    def step(self, epoch, scale=SCALE):
        """Run a training step; return its loss."""
        return self.trainer.step(
            self.X,
            self.y,
            np.arange(len(self.X)),
            None,
            scale=scale,
            learning_rate=1e-3,
            epoch=epoch,
        )

    def seconds(self, epoch):
        """Run a training step; return its processor time."""
        start = time.thread_time()
        self.step(epoch)
        return time.thread_time() - start


def alone(X, plan, isa, epoch):
    """Return the processor time of the augmentation stage for a batch."""
    start = time.thread_time()
    augmented(X, plan, scale=SCALE, epoch=epoch, isa=isa)
    return time.thread_time() - start


def check(net, X, y, plan, isa):
    """Assert that a step with augmentation has the same loss, bit by bit, as a plain step on augmented images."""
    given = augmented(X, plan, scale=SCALE, epoch=3, isa=isa)
    losses = [
        Steps(net, X, y, plan, isa).step(3),
        Steps(net, given, y, None, isa).step(3, scale=1.0),
    ]
    assert losses[0] == losses[1], losses


def main():
    """Print a line for each net and each list of augmentations."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--isa", default=None)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    columns = ("plain ms", "with ms", "more", "alone us/image", "share")
    print(f"{'net':10} {'augment':18}" + "".join(f"{name:>15}" for name in columns))
    for name in ("keraslab", "catdog"):
        net = NETS[name]
        X, y = net.data(net.batch)
        X = np.clip(X * 40 + 128, 0, 255).astype(np.uint8)
        plans = {
            key: plan_augment(augment, net.input_shape)
            for key, augment in lists_for(net.input_shape[2]).items()
        }
        check(net, X, y, plans["eight"], options.isa)
        steps = {key: Steps(net, X, y, plan, options.isa) for key, plan in plans.items()}
        steps["none"] = Steps(net, X, y, None, options.isa)
        best, stage = dict.fromkeys(steps, np.inf), dict.fromkeys(plans, np.inf)
        for epoch in range(options.rounds):
            for key, one in steps.items():
                best[key] = min(best[key], one.seconds(epoch))
            for key, plan in plans.items():
                stage[key] = min(stage[key], alone(X, plan, options.isa, epoch))
        plain = best["none"]
        for key in plans:
            print(
                f"{name:10} {key:18}{plain * 1e3:15.2f}{best[key] * 1e3:15.2f}{best[key] / plain - 1:15.1%}"
                f"{stage[key] / net.batch * 1e6:15.1f}{stage[key] / plain:15.1%}"
            )


if __name__ == "__main__":
    main()
