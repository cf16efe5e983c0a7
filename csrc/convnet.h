/* convnet's C kernels: everything that Cython sees.
 *
 * C computes, on one thread, one piece of one operation: some samples of a batch, or one block of a
 * matrix. It allocates nothing, starts no thread and keeps no state but the table of kernels. What
 * is computed, where it lies and in which order was decided by the plan (convnet/graph); which
 * thread computes it, by the engine (convnet/engine).
 *
 * Maps are NHWC float32. Convolution weights are (kh, kw, channels / groups, oc), dense weights
 * (in, out). Offsets and strides count floats, unless a comment says bytes.
 */
#ifndef CONVNET_H
#define CONVNET_H

#include <stdint.h>

/* A batch of maps in the arena: pixel (y, x) of sample s starts at
 * offset + s * sample + y * row + x * c. What lies between the rows is a halo of zeros, as wide as
 * the reader's padding, so that a convolution has no edges; a sample's memory, halo included, is
 * [start + s * sample, start + (s + 1) * sample). Flat data are 1 x 1 maps. */
typedef struct {
    int64_t offset, sample, row, start;
    int64_t h, w, c;
} cn_map;

/* One operation of a plan. A field that an operation has no use for is 0; an offset that it has no
 * use for is -1. */
typedef struct {
    cn_map src, dst;           /* its input and output */
    cn_map grad_src, grad_dst; /* the loss's gradients by these, without halo */
    cn_map other, grad_other;  /* second input of a sum; second output of a fork */
    int64_t kh, kw;            /* window of a convolution or pooling; most pixels of a resized one */
    int64_t sh, sw;            /* stride */
    int64_t dh, dw;            /* dilation */
    int64_t pt, pl;            /* padding above and to the left */
    int64_t groups;
    int64_t oh, ow;         /* map of a convolution, before the pooling fused into it */
    int64_t pool_h, pool_w; /* max-pool fused into it (stride = window); 1 without */
    int64_t activation;     /* enum cn_activation, applied to the output */
    int64_t weights, bias;  /* in the parameters; batch norm: gamma, beta */
    int64_t mean, variance; /* batch norm's running statistics, in the parameters; the mean, or -1,
                               and the deviation of an affine map */
    int64_t packed;         /* weights packed for the forward pass, in the packed area */
    int64_t packed_grad;    /* weights packed for the data gradient */
    int64_t grad_weights;   /* gradients: in a lane's area, or in the batch's (lanes == 0); -1: not wanted */
    int64_t grad_bias;
    int64_t tiles;       /* Winograd: tiles of a block; 0: direct */
    int64_t strip;       /* Winograd: rows of tiles that are computed before they are pooled */
    int64_t grad_kernel; /* Winograd: gradient of the weights, in the batch's area; grad_weights is
                            that of their transform, in a lane's */
    int64_t lanes;      /* gradient accumulators summed for this operation; 0: the batch's own */
    int64_t aux;        /* winners of max-pool (bytes: fused, int32: not), or batch norm's numbers */
    int64_t aux_sample; /* from one sample's winners to the next, or one lane's numbers; bytes */
    int64_t kept;        /* batch norm's winners of a fused max-pool; -1: not kept */
    int64_t kept_sample; /* from one sample's to the next, in bytes */
    int64_t norm; /* of a convolution: this many operations on is the batch norm that gives it the
                     gradient by its map, row by row; 0: none, the gradient is in grad_dst */
    int64_t group;      /* samples that the backward pass of a convolution takes together */
    int64_t data_gradient; /* whether grad_src is wanted */
    int64_t block;         /* items of a task: rows, columns or parameters; values of a table */
    int64_t method_h, method_w; /* enum cn_resizing, of each axis */
    int64_t count;         /* parameters of an update */
    int64_t decay;         /* whether these parameters are decayed */
    double l2;             /* their own constant of decay; negative: alpha */
    double rate_factor;    /* of the learning rate, for these parameters */
    double max_norm;       /* most 2-norm of a column of the weights */
    int64_t key;           /* of the random numbers of this layer */
    double rate;           /* dropout: share of values dropped */
    double momentum, epsilon;
    double scale, offset; /* of an affine map without a mean; offset 0 with one */
} cn_op;

enum cn_activation {
    CN_LINEAR, CN_RELU, CN_LEAKY_RELU, CN_ELU, CN_GELU, CN_SILU, CN_SIGMOID, CN_TANH
};

enum cn_resizing { CN_AREA, CN_BILINEAR, CN_NEAREST_PIXEL };

enum cn_dtype {
    CN_UINT8, CN_UINT16, CN_UINT32, CN_UINT64, CN_INT8, CN_INT16, CN_INT32, CN_INT64,
    CN_FLOAT32, CN_FLOAT64, CN_FLOAT16, CN_DTYPES
};

/* Random changes of an image, in the order of augment.inc.h: those from CN_CONTRAST on change values, the
 * others move pixels. v and h are what each says of the vertical and the horizontal, in pixels, radians
 * or shares; brightness in the units of the input after scaling. */
enum cn_transform_kind {
    CN_FLIP, CN_ROTATION, CN_SHIFT, CN_CROP, CN_ZOOM, CN_STRETCH,
    CN_CONTRAST, CN_BRIGHTNESS, CN_CUTOUT
};

typedef struct {
    int64_t kind;
    double v, h;
} cn_transform;

/* What lies outside an image whose pixels have moved. */
enum cn_fill { CN_NEAREST, CN_CONSTANT, CN_REFLECT, CN_WRAP };

/* What all tasks of one call share. */
typedef struct {
    const float *params; /* flat; 64 readable floats follow it */
    float *weights;      /* the same, to update; NULL in prediction */
    float *packed;
    float *lane_grads; /* [lanes][lane_size] */
    int64_t lane_size, lanes;
    float *batch_grads; /* of the operations that compute theirs over the whole batch */
    int64_t n;          /* samples of the batch */
    /* the input: x[i] by strides in bytes, of enum cn_dtype, multiplied by scale */
    const char *x;
    int64_t x_dtype, x_sample, x_row, x_pixel, x_channel;
    float scale;
    const int64_t *rows; /* row of x of each sample; NULL: sample i of the call is row i */
    const int64_t *names; /* by which random numbers know the samples; NULL: their rows */
    float *out;          /* [n][outputs], or a gradient asked for */
    const float *grad;   /* [n][outputs]: gradient by the outputs, given by the caller */
    /* training */
    int64_t seed, epoch;
    const cn_transform *transforms; /* of CN_AUGMENT */
    int64_t n_transforms, fill;
    const void *y;              /* int32 classes [rows], or float32 targets [rows][outputs], by row of x */
    double smoothing;           /* share of a class that all classes get */
    const float *sample_weight; /* by row of x; or NULL: all 1 */
    double weight_sum;          /* of the batch */
    double *losses;             /* [n]: weighted loss of each sample */
    double *squares;            /* sum of squares of each block of decayed parameters */
    double *norms;              /* [0]: factor of the gradients; then each block's sum of squares */
    int64_t norm_blocks;
    /* learning_rate: Adam's already corrected for the start of its moments; base_rate: before that */
    double learning_rate, base_rate, alpha, momentum, beta_1, beta_2, epsilon;
    double clip_norm; /* most 2-norm of the gradient; 0: any */
    int64_t nesterov;
    float *moment_1, *moment_2; /* like weights */
} cn_context;

/* One piece of work of one thread. */
typedef struct {
    float *arena;
    float *scratch;  /* this thread's own */
    int64_t s0, s1;  /* samples [s0, s1) of the arena; or s0: number of the task */
    int64_t first;   /* number in the call of the arena's sample 0 */
    int64_t lane;    /* gradient accumulator to add to */
} cn_task;

/* Stages: what a task can be. LANE stages take samples [s0, s1), BATCH stages a task's number. */
enum cn_stage {
    /* lane */
    CN_INPUT, CN_AUGMENT, CN_OUTPUT,
    CN_HALO, /* zeros around dst, whose memory another map had before */
    CN_CONV2D_FWD, CN_CONV2D_BWD,
    CN_WINOGRAD_FWD, CN_WINOGRAD_BWD,
    CN_PLANAR_FWD, CN_PLANAR_BWD,
    CN_DEPTHWISE_FWD, CN_DEPTHWISE_BWD,
    CN_MAXPOOL_FWD, CN_MAXPOOL_BWD, CN_AVGPOOL_FWD, CN_AVGPOOL_BWD,
    CN_ACTIVATION_FWD, CN_ACTIVATION_BWD,
    CN_DENSE_FWD, CN_DENSE_BWD,
    CN_DENSE_MASK,                       /* the wide dense layer's gradient before its activation */
    CN_BATCHNORM_STATS, CN_BATCHNORM_FWD, /* batch statistics; normalise by them */
    CN_BATCHNORM_SUMS, CN_BATCHNORM_BWD,  /* sums for the gradients; gradient of the input */
    CN_BATCHNORM_PREDICT,                 /* by running statistics */
    CN_DROPOUT_FWD, CN_DROPOUT_BWD,
    CN_CHANNEL_DROPOUT_FWD, CN_CHANNEL_DROPOUT_BWD,
    CN_ZEROPAD_FWD, CN_ZEROPAD_BWD,
    CN_AFFINE_INPUT, CN_AFFINE_FWD, CN_AFFINE_BWD, /* _INPUT: of X itself, in place of CN_INPUT */
    CN_RESIZE_INPUT, CN_RESIZE_FWD, CN_RESIZE_BWD,
    CN_ADD_FWD, CN_ADD_BWD, CN_FORK_BWD, /* residual sums */
    CN_LOSS_SOFTMAX, CN_LOSS_SIGMOID, CN_LOSS_SQUARED_ERROR, CN_LOSS_ABSOLUTE_ERROR, CN_LOSS_HUBER,
    CN_GRADIENT_IN, CN_GRADIENT_OUT, /* gradients from and to the caller */
    /* batch */
    CN_PACK_CONV2D, CN_PACK_WINOGRAD, CN_PACK_DENSE,
    CN_PACK_BATCHNORM, /* running statistics, to stand where the batch's would */
    CN_PACK_AFFINE, CN_PACK_RESIZE, /* tables */
    CN_WINOGRAD_WEIGHTS,
    CN_DENSE_WIDE_FWD, CN_DENSE_WIDE_GRAD, CN_DENSE_WIDE_WEIGHTS,
    CN_BATCHNORM_FINISH, CN_BATCHNORM_GRAD_FINISH,
    CN_REDUCE, CN_GRADIENT_NORM, CN_CLIP,
    CN_SGD, CN_ADAM, CN_ADAMW, CN_RMSPROP,
    CN_MAX_NORM,
    CN_STAGES
};

typedef void (*cn_kernel)(const cn_op *op, const cn_context *ctx, const cn_task *task);

typedef struct {
    const char *name;
    cn_kernel stage[CN_STAGES];
    double (*fma_chain)(int64_t steps); /* flops of `steps` turns of a loop that only multiplies-adds */
} cn_kernels;

/* Instruction sets in ascending order: scalar, baseline, avx2, avx512. */
int cn_isa_count(void);
const char *cn_isa_name(int isa);
/* The kernels of an instruction set, NULL if this build or this processor has them not. */
const cn_kernels *cn_isa_kernels(int isa);
/* Index of the best available one, capped by the environment's CONVNET_ISA; -1: CONVNET_ISA names none. */
int cn_isa_default(void);

/* Floats of scratch that a stage of this operation wants. */
int64_t cn_scratch_floats(int stage, const cn_op *op);
/* Tasks of a batch stage for n samples. */
int64_t cn_stage_tasks(int stage, const cn_op *op, int64_t n, int64_t lanes);

/* Columns to which a packed matrix is rounded up, for every instruction set. */
#define CN_COLUMNS 32
/* Products of a tile of 4 x 4 outputs in Winograd's algorithm. */
#define CN_PLACES 36
/* Rows of a task of the wide dense forward pass: a tile of AVX-512. */
#define CN_DENSE_ROWS 14
/* Parameters of a task of an update. */
#define CN_UPDATE 4096
/* Floats after the end of an area that a kernel may read (never write). */
#define CN_SLACK 64

#endif
