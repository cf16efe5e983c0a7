"""The buffers that a context must have for a run, by stage and by the sizes of the plan. Every call checks them."""

from libc.stdint cimport int32_t, int64_t

from convnet.engine._context cimport Context
from convnet.engine.kernels cimport (
    CN_NEED_CLASSES, CN_NEED_GRAD, CN_NEED_GRAD_OUT, CN_NEED_MEMORY, CN_NEED_NORMS, CN_NEED_NUMBERS, CN_NEED_OUT,
    CN_NEED_REDUCED, CN_NEED_UPDATE, CN_NEED_X, cn_context)


cdef int require(bint holds, str what) except -1:
    """Raise ValueError unless the condition holds."""
    if not holds:
        raise ValueError(f"{what}: not of the size that the plan requires")
    return 0


cdef class BufferRequirements:
    """Least sizes of the arrays of a context.

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
        """Raise ValueError unless the context has the buffers that `needs`, bits of enum cn_need, asks for."""
        cdef cn_context *c = &context.c
        require(context.params_size >= self.params, "parameters")
        require(context.packed_size >= self.packed, "packed weights")
        if not needs & CN_NEED_MEMORY:
            return 0
        if needs & CN_NEED_X:
            require((context.input_h, context.input_w, context.input_c)
                    == (self.input_h, self.input_w, self.input_c), "input")
        if needs & CN_NEED_OUT:
            require(context.out_size >= self.output * c.n, "output")
        if needs & CN_NEED_GRAD:
            require(context.grad_size >= self.output * c.n, "gradient")
        if needs & CN_NEED_GRAD_OUT:
            require(context.out_size >= self.gradient * c.n, "output")
        if needs & CN_NEED_REDUCED:
            require(context.out_size >= self.params, "output")
        if needs & (CN_NEED_CLASSES | CN_NEED_NUMBERS):
            self.check_targets(context, needs)
        if needs & CN_NEED_UPDATE:
            require(c.weights != NULL and context.moments_size >= self.params, "moments")
            require(context.squares_size >= self.squares, "sums of squares")
        if needs & CN_NEED_NORMS:
            require(c.norms != NULL and c.norm_blocks == self.squares, "norms")
        if self.lanes:
            require(c.lanes == self.lanes and c.lane_size >= self.lane, "lanes")
            require(context.batch_size >= self.batch, "gradients of the batch")
        return 0

    cdef int check_targets(self, Context context, int needs) except -1:
        """Raise ValueError unless the batch has rows, and every row of the input a target that fits the outputs."""
        cdef cn_context *c = &context.c
        cdef int64_t i, outputs = self.output
        cdef const int32_t *y = <const int32_t *>c.y
        cdef int32_t label
        require(c.n > 0, "rows")
        require(context.y_rows >= context.input_rows, "targets")
        if needs & CN_NEED_CLASSES:
            require(context.y_outputs == 0, "targets that are class numbers")
        else:
            if context.y_outputs != outputs:
                raise ValueError(f"the targets have {context.y_outputs} columns, the outputs {outputs}")
            require(context.score_weights_size >= outputs, "score weights")
        require(context.weight_rows < 0 or context.weight_rows >= context.input_rows, "sample weights")
        require(context.losses_size >= c.n, "losses")
        if needs & CN_NEED_CLASSES:
            for i in range(c.n):
                label = y[c.rows[i] if c.rows != NULL else i]
                if label < 0 or label >= outputs:
                    raise ValueError(f"y must hold class numbers from 0 to {outputs - 1}")
        return 0
