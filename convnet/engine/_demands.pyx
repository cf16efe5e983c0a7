"""What a run asks of its context, by stage and by the sizes of the plan; compared at every call."""

from libc.stdint cimport int32_t, int64_t

from convnet.engine._context cimport Context
from convnet.engine.kernels cimport cn_context

cdef dict NEEDS = {
    "input": X, "augment": X, "affine_input": X, "resize_input": X,
    "output": OUT, "gradient_in": GRAD, "gradient_out": GRAD_OUT, "reduce": REDUCED,
    "loss_softmax": CLASSES, "loss_sigmoid": NUMBERS, "loss_squared_error": NUMBERS,
    "loss_absolute_error": NUMBERS, "loss_huber": NUMBERS,
    "sgd": UPDATE, "adam": UPDATE, "adamw": UPDATE, "rmsprop": UPDATE, "max_norm": UPDATE,
    "gradient_norm": NORMS, "clip": NORMS,
}


cdef int needs_of(str stage) except -1:
    """Bits of what a stage asks for."""
    return NEEDS.get(stage, 0) | (0 if stage.startswith("pack_") else MEMORY)


cdef int expect(bint holds, str what) except -1:
    """Raise ValueError unless it holds."""
    if not holds:
        raise ValueError(f"{what}: not of the size that the plan wants")
    return 0


cdef class Demands:
    """Sizes that the arrays of a context must have at least.

    Parameters
    ----------
    sizes : dict
        A sample's ``input``, (h, w, c), exactly; values of a sample's ``output`` and of its ``gradient`` that is
        copied out, ``packed``, ``lane`` (floats of a lane), ``lanes``, ``batch``, ``squares`` (and of the norms),
        ``params`` (and of the moments).
    """

    def __cinit__(self, dict sizes):
        self.input_h, self.input_w, self.input_c = sizes["input"]
        self.output, self.gradient, self.packed = sizes["output"], sizes["gradient"], sizes["packed"]
        self.lane, self.lanes, self.batch = sizes["lane"], sizes["lanes"], sizes["batch"]
        self.squares, self.params = sizes["squares"], sizes["params"]

    cdef int check(self, Context context, int needs) except -1:
        """Raise ValueError unless the context holds what these bits ask for."""
        cdef cn_context *c = &context.c
        expect(context.params_size >= self.params, "parameters")
        expect(context.packed_size >= self.packed, "packed weights")
        if not needs & MEMORY:
            return 0
        if needs & X:
            expect((context.input_h, context.input_w, context.input_c)
                   == (self.input_h, self.input_w, self.input_c), "input")
        if needs & OUT:
            expect(context.out_size >= self.output * c.n, "output")
        if needs & GRAD:
            expect(context.grad_size >= self.output * c.n, "gradient")
        if needs & GRAD_OUT:
            expect(context.out_size >= self.gradient * c.n, "output")
        if needs & REDUCED:
            expect(context.out_size >= self.params, "output")
        if needs & (CLASSES | NUMBERS):
            self.check_targets(context, needs)
        if needs & UPDATE:
            expect(c.weights != NULL and context.moments_size >= self.params, "moments")
            expect(context.squares_size >= self.squares, "sums of squares")
        if needs & NORMS:
            expect(c.norms != NULL and c.norm_blocks == self.squares, "norms")
        if self.lanes:
            expect(c.lanes == self.lanes and c.lane_size >= self.lane, "lanes")
            expect(context.batch_size >= self.batch, "gradients of the batch")
        return 0

    cdef int check_targets(self, Context context, int needs) except -1:
        """Raise ValueError unless there are targets of all rows of the input, and rows, that fit the outputs."""
        cdef cn_context *c = &context.c
        cdef int64_t i, outputs = self.output
        cdef const int32_t *y = <const int32_t *>c.y
        cdef int32_t label
        expect(c.n > 0, "rows")
        expect(context.y_rows >= context.input_rows, "targets")
        if needs & CLASSES:
            expect(context.y_outputs == 0, "targets that are class numbers")
        elif context.y_outputs != outputs:
            raise ValueError(f"the targets have {context.y_outputs} columns, the outputs {outputs}")
        expect(context.weight_rows < 0 or context.weight_rows >= context.input_rows, "sample weights")
        expect(context.losses_size >= c.n, "losses")
        if needs & CLASSES:
            for i in range(c.n):
                label = y[c.rows[i] if c.rows != NULL else i]
                if label < 0 or label >= outputs:
                    raise ValueError(f"y must hold class numbers from 0 to {outputs - 1}")
        return 0
