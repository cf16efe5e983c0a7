"""What a program asks of a call's context: nothing runs on memory that is missing, too small or of another kind."""

import numpy as np
import pytest

from convnet.engine import Context, aligned_zeros
from convnet.graph import Network
from convnet.graph.compiler import TrainingMemory, compile_prediction, compile_training
from convnet.layers import Conv2D, Dense

SHAPE, N = (6, 5, 2), 4


@pytest.fixture
def net():
    return Network([Conv2D(3, 3), Dense(4)], SHAPE, 3)


class Step:
    """A training step by hand, whose context is made piece by piece."""

    def __init__(self, net, loss="softmax"):
        options = dict(loss=loss, solver="adam", clipped=True)
        self.compiled = compile_training(net.plan, net.isa, N, **options)
        self.program, self.sizes, memory = (
            self.compiled.program,
            self.compiled.sizes,
            TrainingMemory(self.compiled, net.plan, N),
        )
        floats, squares = len(net.params), self.sizes["squares"]
        constants = dict(learning_rate=0.1, base_rate=0.1, alpha=0.0, momentum=0.0, nesterov=False)
        constants |= dict(beta_1=0.9, beta_2=0.999, epsilon=1e-8)
        self.pieces = {
            "parameters": ((net.params, memory.packed), {"trainable": True}),
            "gradients": ((memory.lane_grads, memory.lanes, memory.batch_grads), {}),
            "input": ((np.ones((N, *SHAPE), np.float32), 1.0), {}),
            "classes": ((np.zeros(N, np.int32),), {}),
            "sample_weight": ((None, float(N)), {}),
            "sums": ((np.zeros((3, N)), np.zeros(squares)), {}),
            "score_weights": ((np.ones(8),), {}),
            "clipping": ((1.0, np.zeros(1 + squares)), {}),
            "optimizer": ((aligned_zeros(floats), aligned_zeros(floats)), constants),
        }  # fmt: skip
        self.memory = memory.arena, memory.scratch_for(self.program, 2)

    def run(self, arena=None, scratch=None, begin=0, end=-1):
        context = Context()
        for name, (arguments, options) in self.pieces.items():
            getattr(context, name)(*arguments, **options)
        arena = self.memory[0] if arena is None else arena
        self.program.run(
            context, arena, self.memory[1] if scratch is None else scratch, 2, begin, end
        )


def test_a_whole_context_runs(net):
    Step(net).run()


@pytest.mark.parametrize("name", Step(Network([Conv2D(3, 3), Dense(4)], SHAPE, 3)).pieces)
def test_a_piece_is_missing(net, name):
    step, before = Step(net), net.get_weights()
    del step.pieces[name]
    if name in ("sample_weight", "score_weights"):
        return step.run()  # no weights are all 1; a softmax takes no weights of scores
    with pytest.raises(ValueError, match=r"not of the size|rows"):
        step.run()
    for key, array in net.get_weights().items():
        np.testing.assert_array_equal(array, before[key])


EMPTY, FEW = np.zeros(0, np.float32), np.zeros(8, np.float32)
WRONG = {
    "no parameters": ("parameters", (EMPTY, EMPTY), ValueError, r"^parameters: not"),
    "few parameters": ("parameters", (FEW, aligned_zeros(10**5)), ValueError, r"^parameters: not"),
    "nothing packed": (
        "parameters",
        (aligned_zeros(10**5), EMPTY),
        ValueError,
        r"^packed weights: not",
    ),
    "no lanes": (
        "gradients",
        (aligned_zeros(10**5), 0, aligned_zeros(10**5)),
        ValueError,
        r"lanes must be from 1 to 64; got 0",
    ),
    "other lanes": (
        "gradients",
        (aligned_zeros(10**5), 3, aligned_zeros(10**5)),
        ValueError,
        r"^lanes: not",
    ),
    "short lanes": ("gradients", (FEW, 1, aligned_zeros(10**5)), ValueError, r"^lanes: not"),
    "no gradients": (
        "gradients",
        (aligned_zeros(10**5), 2, EMPTY),
        ValueError,
        r"^gradients of the batch: not",
    ),
    "no rows": ("input", (np.ones((0, *SHAPE), np.float32), 1.0), ValueError, r"^rows: not"),
    "too many rows": (
        "input",
        (np.ones((N + 1, *SHAPE), np.float32), 1.0),
        ValueError,
        r"^targets: not",
    ),
    "the axes in another order": (
        "input",
        (np.ones((N, 2, 6, 5), np.float32), 1.0),
        ValueError,
        r"^input: not",
    ),
    "three axes": ("input", (np.ones((N, 60, 1), np.float32), 1.0), ValueError, r"4 axes"),
    "another byte order": (
        "input",
        (np.ones((N, *SHAPE), ">f4"), 1.0),
        ValueError,
        r"the machine's byte order",
    ),
    "a list": ("input", ([[[[1.0]]]], 1.0), ValueError, r"must be an array"),
    "objects": ("input", (np.ones((N, *SHAPE), object), 1.0), TypeError, r"dtype object"),
    "a row beyond the last": (
        "input",
        (np.ones((N, *SHAPE), np.uint8), 1.0, np.array([0, N])),
        IndexError,
        r"row 4 of an input of 4 rows",
    ),
    "a row before the first": (
        "input",
        (np.ones((N, *SHAPE), np.uint8), 1.0, np.array([-1])),
        IndexError,
        r"row -1 of an input of 4 rows",
    ),
    "no targets": ("classes", (np.zeros(0, np.int32),), ValueError, r"^targets: not"),
    "few targets": ("classes", (np.zeros(N - 1, np.int32),), ValueError, r"^targets: not"),
    "a class beyond the last": (
        "classes",
        (np.full(N, 3, np.int32),),
        ValueError,
        r"class numbers from 0 to 2",
    ),
    "a class before the first": (
        "classes",
        (np.full(N, -1, np.int32),),
        ValueError,
        r"class numbers from 0 to 2",
    ),
    "no weights": (
        "sample_weight",
        (np.zeros(0, np.float32), 1.0),
        ValueError,
        r"^sample weights: not",
    ),
    "few weights": (
        "sample_weight",
        (np.ones(N - 1, np.float32), 1.0),
        ValueError,
        r"^sample weights: not",
    ),
    "no losses": ("sums", (np.zeros((3, 0)), np.zeros(99)), ValueError, r"^losses: not"),
    "two rows": ("sums", (np.zeros((2, N)), np.zeros(99)), ValueError, "must have three rows"),
    "no squares": ("sums", (np.zeros((3, N)), np.zeros(0)), ValueError, r"^sums of squares: not"),
    "no factor": ("clipping", (1.0, np.zeros(0)), ValueError, r"norms must not be empty"),
    "few norms": ("clipping", (1.0, np.zeros(1)), ValueError, r"^norms: not"),
    "many norms": ("clipping", (1.0, np.zeros(99)), ValueError, r"^norms: not"),
    "read-only": (
        "parameters",
        (np.frombuffer(bytes(4 * 10**5), np.float32), EMPTY),
        ValueError,
        r"read-only",
    ),
    "strided": (
        "parameters",
        (aligned_zeros(2 * 10**5)[::2], EMPTY),
        ValueError,
        r"not C-contiguous",
    ),
    "unaligned": (
        "parameters",
        (np.zeros(4 * 10**5 + 1, np.uint8)[1:].view(np.float32), EMPTY),
        ValueError,
        r"a multiple of 4 bytes",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_piece_is_wrong(net, name):
    step = Step(net)
    piece, arguments, error, match = WRONG[name]
    step.pieces[piece] = arguments, step.pieces[piece][1]
    with pytest.raises(error, match=match):
        step.run()


def test_targets_of_the_other_kind(net):
    step = Step(net)
    step.pieces["targets"] = (np.zeros((N, 3), np.float32),), {}
    with pytest.raises(ValueError, match="targets"):
        step.run()
    step = Step(net, "squared_error")
    with pytest.raises(ValueError, match="targets"):
        step.run()
    step.pieces["targets"] = (np.zeros((N, 2), np.float32),), {}
    with pytest.raises(ValueError, match="targets"):
        step.run()
    step.pieces["targets"] = (np.zeros((N, 3), np.float32),), {}
    step.run()


def test_memory_and_phases(net):
    step = Step(net)
    for wrong in (
        dict(arena=FEW),
        dict(scratch=EMPTY),
        dict(begin=-1),
        dict(begin=3, end=2),
        dict(end=99),
    ):
        with pytest.raises(ValueError):
            step.run(**wrong)


def test_sample_ids():
    context = Context()
    context.input(np.zeros((3, 1, 1, 1), np.uint8), 1.0)
    with pytest.raises(ValueError, match="2 sample ids for 3 samples"):
        context.sample_ids(np.arange(2))


def test_prediction(net):
    compiled = compile_prediction(net.plan, net.isa)
    program, X = compiled.program, np.ones((N, *SHAPE), np.float32)
    packed, out = aligned_zeros(compiled.sizes["packed"]), np.zeros(3 * N, np.float32)
    memory = aligned_zeros(program.arena_floats), program.scratch(1)

    def run(params=net.params, packed=packed, X=X, out=out, phase=1, memory=memory, pack=0):
        context = Context()
        context.parameters(params, packed)
        program.pack(context, pack, 1)
        if X is not None:
            context.input(X, 1.0)
        if out is not None:
            context.output(out)
        program.predict(context, phase, *memory, 1)

    run()
    np.testing.assert_array_equal(out.reshape(N, 3), net.forward(X))
    wrong = [dict(params=FEW), dict(params=EMPTY), dict(packed=FEW), dict(X=None), dict(X=X[:, :5])]
    wrong += [
        dict(out=None),
        dict(out=out[:-1]),
        dict(phase=0),
        dict(phase=2),
        dict(phase=-1),
        dict(pack=1),
    ]
    wrong += [dict(memory=(FEW, memory[1])), dict(memory=(memory[0], EMPTY))]
    for arguments in wrong:
        with pytest.raises(ValueError):
            run(**arguments)
