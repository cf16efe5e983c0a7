"""Training: epochs, batches, learning rates and early stopping. It does not depend on scikit-learn.

loop.py            one fit: epochs of shuffled batches, best weights, history
examples.py        what is trained on: X as passed, encoded targets, the samples that take part
frozen_prefix.py   cached outputs of frozen layers at the start of a net
optimization.py    trainer, schedule and early stopping carried across epochs
schedules/         learning rates as values
statistics.py      what Normalize layers learn before the first epoch
snapshot.py        the state of a loop, to resume from
prediction.py      a network's outputs for any number of samples
"""
