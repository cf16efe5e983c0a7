"""No kernel writes outside of its own maps, weights and gradients, and none reads what lies before them.

The arena, the packed weights and the gradients are compiled with a guard behind each block of memory. The guards are
full of NaN, which a write would replace and a read, beyond the floats that may be read (`SLACK`), would bring into
the results. Under AddressSanitizer the part of a guard that may not even be read is poisoned.
"""

import ctypes
import os

import numpy as np
import pytest
from example_nets import NETS, WIDE_NETS
from netcheck import ISAS, assert_exact, normals

from convnet.engine import Context, aligned_zeros
from convnet.engine._engine import SLACK
from convnet.graph import Network, Trainer
from convnet.graph.compiler import prediction, program as programs, training
from convnet.graph.layout import Arena, aligned

GUARD = 2 * SLACK  # floats; the first half may be read, the other one is poisoned
ROWS = 21
POISONS = "address" in os.environ.get("CONVNET_SANITIZER", "")

CASES = NETS | WIDE_NETS

pytestmark = [pytest.mark.parametrize("isa", ISAS), pytest.mark.parametrize("key", CASES)]


class Guards:
    """Where the guards of an area lie, as (start, end) in floats."""

    def __init__(self):
        self.places = []

    def behind(self, end, floats=GUARD):
        self.places.append((end, end + floats))

    def set(self, area):
        for start, end in self.places:
            area[start:end] = np.nan
        self._poison(area, "__asan_poison_memory_region")

    def check(self, area, what):
        self._poison(area, "__asan_unpoison_memory_region")
        for start, end in self.places:
            assert np.isnan(area[start:end]).all(), f"{what}: written behind {start}"

    def _poison(self, area, how):
        for start, end in self.places if POISONS else []:
            beyond = area[start + SLACK : end]
            getattr(ctypes.CDLL(None), how)(
                ctypes.c_void_p(beyond.ctypes.data), ctypes.c_size_t(beyond.nbytes)
            )


def compiled_prediction(net, monkeypatch):
    """A predictor, and the guards of its arena and of its packed weights."""
    arena, packed = Guards(), guarded_packing(monkeypatch)
    arenas = []  # of a thread, and the shared one: (buffer, offset) of each

    def apart(lifetimes):
        """Place each buffer by itself, a guard for each sample behind it."""
        at, placed = 0, []
        for buffer, *_ in lifetimes:
            placed.append((buffer, at))
            at += buffer.floats + GUARD
        arenas.append(placed)
        return [offset for _, offset in placed], at

    monkeypatch.setattr(prediction, "share", apart)
    predictor, weights = net._predictor((None, None))
    program = predictor.compiled.program
    for placed, start, samples in zip(
        arenas,
        (0, program.arena_floats),
        (program.arena_samples, program.shared_samples),
        strict=True,
    ):
        for buffer, offset in placed:
            arena.behind(start + samples * (offset + buffer.floats), samples * GUARD)
    return predictor, weights, arena, packed


def guarded_packing(monkeypatch):
    """Guards behind the packed weights of each operation that is compiled from now on."""
    guards, place = Guards(), programs.Packer.place

    def guarded(self, op, data_gradient):
        offsets = place(self, op, data_gradient)
        guards.behind(self.floats)
        self.floats += GUARD
        return offsets

    monkeypatch.setattr(programs.Packer, "place", guarded)
    return guards


def compiled_trainer(net, monkeypatch):
    """A trainer, and the guards of its arena, packed weights, lanes and gradients of the batch."""
    arena, packed, lane, batch = Guards(), guarded_packing(monkeypatch), Guards(), Guards()

    def reserve(self, floats):
        offset = self.floats
        arena.behind(offset + aligned(floats))
        self.floats += aligned(floats) + GUARD
        return offset

    class Places(training.Gradients):
        """Gradients with a guard behind each parameter's."""

        def __init__(self, ops, batch_size):
            super().__init__(ops, batch_size)
            for places, guards, name in (
                (self.lane_places, lane, "lane_floats"),
                (self.batch_places, batch, "batch_floats"),
            ):
                ends = [*places.values(), getattr(self, name)][1:]
                for i, (key, end) in enumerate(zip(places, ends, strict=True)):
                    places[key] += i * GUARD
                    guards.behind(end + i * GUARD)
                setattr(self, name, getattr(self, name) + len(places) * GUARD)

    monkeypatch.setattr(Arena, "reserve", reserve)
    monkeypatch.setattr(training, "Gradients", Places)
    trainer = Trainer(net, loss="softmax", batch_size=ROWS, clip_norm=1.0, seed=1, n_threads=2)
    return trainer, dict(arena=arena, packed=packed, lane_grads=lane, batch_grads=batch)


def test_prediction(isa, key, monkeypatch):
    layers, shape = CASES[key]
    x = normals(np.random.default_rng(0), (ROWS, *shape))
    want = Network(layers, shape, 3, isa=isa).forward(x)
    net = Network(layers, shape, 3, isa=isa)
    predictor, weights, arena, packed = compiled_prediction(net, monkeypatch)
    program = predictor.compiled.program
    memory = aligned_zeros(program.arena_floats + program.shared_floats)
    scratch = program.scratch(1)
    predictor._pool.append((1, (memory, scratch)))
    arena.set(memory)
    context = Context()
    context.parameters(*weights)
    packed.set(weights[1])
    program.pack(context, 0, 1)
    got = predictor.run(weights, x, scale=1.0, n_threads=1)
    arena.check(memory, "arena")
    packed.check(weights[1], "packed weights")
    assert len(arena.places) > 0
    assert_exact(got, want)


def test_training(isa, key, monkeypatch):
    layers, shape = CASES[key]
    rng = np.random.default_rng(0)
    x, y = normals(rng, (ROWS, *shape)), rng.integers(0, 3, ROWS).astype(np.int32)
    plain, guarded = (Network(layers, shape, 3, isa=isa) for _ in range(2))
    want = Trainer(plain, loss="softmax", batch_size=ROWS, clip_norm=1.0, seed=1, n_threads=2)
    got, guards = compiled_trainer(guarded, monkeypatch)
    memory = got._memory
    lanes = range(0, len(memory.lane_grads), len(memory.lane_grads) // memory.lanes)
    guards["lane_grads"].places = [
        (lane + start, lane + end) for lane in lanes for start, end in guards["lane_grads"].places
    ]
    for name, guard in guards.items():
        guard.set(getattr(memory, name))
    assert guards["arena"].places and (guards["lane_grads"].places or guards["batch_grads"].places)
    call = dict(scale=1.0, learning_rate=1e-3)
    try:
        losses = [
            [trainer.step(x, y, np.arange(ROWS), None, epoch=epoch, **call) for epoch in range(2)]
            for trainer in (want, got)
        ]
    finally:
        for name, guard in guards.items():
            guard.check(getattr(memory, name), name)
    assert losses[0] == losses[1]
    for name, value in guarded.get_weights().items():
        assert_exact(value, plain.get_weights()[name], name)
