"""Training: epochs, batches, learning rates, stopping. Knows nothing of scikit-learn.

loop.py       one fit: epochs of shuffled batches, best weights, history
examples.py   what is trained on: X as passed, encoded targets, the rows that take part
schedules/    learning rates as values
rates.py      learning rates of the steps of a fit
best.py       the weights that are kept
snapshot.py   the state of a loop, to resume from
stopping.py   when there is no more progress
losses.py     float64 probabilities and losses, for validation and prediction
outputs.py    a network's outputs for any number of rows
"""
