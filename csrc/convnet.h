/* convnet's C kernels: everything that Cython sees.
 *
 * C computes, on one thread, one piece of one operation: some samples of a batch, or one block of a matrix. It
 * allocates nothing, starts no thread and keeps no state but the tables of kernels. The plan (convnet/graph) decides
 * what is computed, where it lies and in which order; the engine (convnet/engine) decides which thread computes it.
 *
 * Maps are NHWC float32. Convolution weights are (kh, kw, channels / groups, oc), dense weights (in, out). Offsets and
 * strides count floats, unless a comment says bytes.
 *
 * Three lists define all that has a name here and in Python: params.def the parameters of the operations, stages.def
 * the kernels, activations.def the activations. Short lists stand below.
 */
#ifndef CN_CONVNET_H
#define CN_CONVNET_H

#include <stddef.h>
#include <stdint.h>

/* Columns to which a packed matrix is rounded up, for every instruction set. */
#define CN_COLUMNS 32
/* Points of Winograd's algorithm: products of a tile of 4 x 4 outputs. */
#define CN_WINOGRAD_POINTS 36
/* Input channels whose kernels Winograd's algorithm by blocks of columns transforms at a time. */
#define CN_WINOGRAD_DEPTH 32
/* Rows of a task of the wide dense forward pass: a tile of AVX-512. */
#define CN_DENSE_ROWS 14
/* Most parts that a gradient is summed in: lanes, or groups of samples. A power of two. */
#define CN_MAX_PARTS 64
#define CN_PARTS_LEVELS 7 /* of a balanced tree of so many: log2(CN_MAX_PARTS) + 1 */
/* Channels of a task that merges the statistics of batch norm. */
#define CN_BN_CHANNELS 16
/* Parameters of a task of an update. */
#define CN_UPDATE_BLOCK 4096
/* Floats after the end of an area that a kernel may read (never write). */
#define CN_SLACK 64

/* A batch of maps in the arena: pixel (y, x) of sample s starts at offset + s * sample + y * row + x * pixel. What lies
 * between the rows is a halo of zeros, as wide as the reader's padding, so that a convolution has no edges; a sample's
 * memory, halo included, is [start + s * sample, start + (s + 1) * sample). Flat data are 1 x 1 maps.
 *
 * pixel is c, unless the map is a slice of the channels of another map. Only the dst of a direct or Winograd convolution's
 * forward pass, and of concat_fwd, may be a slice. All other kernels assume that pixels are c floats apart. */
typedef struct {
    int64_t offset, sample, row, pixel, start;
    int64_t h, w, c;
} cn_map;

/* cn_conv_params and so on, see params.def */
#define CN_FAMILY(FAMILY) typedef struct {
#define CN_END(FAMILY)                                                                             \
    }                                                                                              \
    cn_##FAMILY##_params;
#define CN_MAP(FAMILY, NAME) cn_map NAME;
#define CN_INT(FAMILY, NAME, DEFAULT) int64_t NAME;
#define CN_REAL(FAMILY, NAME, DEFAULT) double NAME;
#include "params.def"

/* One operation of a plan: the parameters of its family. */
typedef union {
#define CN_FAMILY(FAMILY) cn_##FAMILY##_params FAMILY;
#include "params.def"
} cn_op;

enum cn_family {
#define CN_FAMILY(FAMILY) CN_FAMILY_##FAMILY,
#include "params.def"
    CN_FAMILIES
};

enum cn_activation {
    CN_LINEAR,
#define CN_ACTIVATION(CONSTANT, NAME, PROPERTIES, VALUE, GRADIENT) CN_##CONSTANT,
#include "activations.def"
    CN_ACTIVATIONS
};

/* Properties of activations, see activations.def. */
enum { CN_FROM_OUTPUT = 1, CN_RECTIFIER = 2 };

/* The types that X may have: constant, NumPy's code, C type, conversion to float. */
#define CN_DTYPE_LIST(ITEM)                                                                        \
    ITEM(UINT8, u1, uint8_t, (float))                                                              \
    ITEM(UINT16, u2, uint16_t, (float))                                                            \
    ITEM(UINT32, u4, uint32_t, (float))                                                            \
    ITEM(UINT64, u8, uint64_t, (float))                                                            \
    ITEM(INT8, i1, int8_t, (float))                                                                \
    ITEM(INT16, i2, int16_t, (float))                                                              \
    ITEM(INT32, i4, int32_t, (float))                                                              \
    ITEM(INT64, i8, int64_t, (float))                                                              \
    ITEM(FLOAT32, f4, float, (float))                                                              \
    ITEM(FLOAT64, f8, double, (float))                                                             \
    ITEM(FLOAT16, f2, uint16_t, cn_half)

/* What most of a stage's work is: the products of its operation, once, or twice for the gradients by its weights and its
 * input; "gradient", once, for the gradient by its input alone, without which the stage is left out; sums
 * over all lanes; augmented images; transforms of its input. */
#define CN_WORK_LIST(ITEM)                                                                         \
    ITEM(WORK_NONE, none)                                                                          \
    ITEM(WORK_ONCE, once)                                                                          \
    ITEM(WORK_TWICE, twice)                                                                        \
    ITEM(WORK_GRADIENT, gradient)                                                                  \
    ITEM(WORK_LANES, lanes)                                                                        \
    ITEM(WORK_AUGMENT, augment)                                                                    \
    ITEM(WORK_TRANSFORM, transform)

/* Methods of resizing an axis, see image/resize.inc.h. */
#define CN_RESIZING_LIST(ITEM)                                                                     \
    ITEM(AREA, area) ITEM(BILINEAR, bilinear) ITEM(NEAREST_PIXEL, nearest)

/* What lies outside an image whose pixels have moved, see image/resample.inc.h. */
#define CN_FILL_LIST(ITEM)                                                                         \
    ITEM(NEAREST, nearest) ITEM(CONSTANT, constant) ITEM(REFLECT, reflect) ITEM(WRAP, wrap)

/* Random changes of an image, see image/augment.inc.h: those up to CN_RESIZED move pixels, those from CN_CONTRAST to
 * CN_CUTOUT change values; the others mix two samples of a batch, see image/mixing.inc.h. */
#define CN_TRANSFORM_LIST(ITEM)                                                                    \
    ITEM(FLIP, flip)                                                                               \
    ITEM(ROTATION, rotation)                                                                       \
    ITEM(SHIFT, shift)                                                                             \
    ITEM(CROP, crop)                                                                               \
    ITEM(ZOOM, zoom)                                                                               \
    ITEM(STRETCH, stretch)                                                                         \
    ITEM(RESIZED, resized)                                                                         \
    ITEM(CONTRAST, contrast)                                                                       \
    ITEM(BRIGHTNESS, brightness)                                                                   \
    ITEM(SATURATION, saturation)                                                                   \
    ITEM(HUE, hue)                                                                                 \
    ITEM(CUTOUT, cutout)                                                                           \
    ITEM(MIXUP, mixup)                                                                             \
    ITEM(CUTMIX, cutmix)

#define CN_CONSTANT_OF(CONSTANT, ...) CN_##CONSTANT,
enum cn_dtype { CN_DTYPE_LIST(CN_CONSTANT_OF) CN_DTYPES };
enum cn_work { CN_WORK_LIST(CN_CONSTANT_OF) CN_WORKS };
enum cn_resizing { CN_RESIZING_LIST(CN_CONSTANT_OF) CN_RESIZINGS };
enum cn_fill { CN_FILL_LIST(CN_CONSTANT_OF) CN_FILLS };
enum cn_transform_kind { CN_TRANSFORM_LIST(CN_CONSTANT_OF) CN_TRANSFORMS };

/* v and h: what a change says of the vertical and the horizontal, in pixels, radians or shares; brightness in the units
 * of the input after scaling. p and q: further numbers of those that have any. */
typedef struct {
    int64_t kind; /* enum cn_transform_kind */
    double v, h, p, q;
} cn_transform;

/* What all tasks of one call share. */
typedef struct {
    const float *params; /* flat; CN_SLACK readable floats follow it */
    float *weights;      /* the same, to update; NULL in prediction */
    float *packed;
    float *lane_grads; /* [lanes][lane_size] */
    int64_t lane_size, lanes;
    /* lanes that a task takes one after the other; their sum is left in the memory of the first */
    int64_t lane_run;
    float *batch_grads; /* of the operations that compute theirs over the whole batch */
    int64_t n;          /* samples of the batch */
    /* the input: x[i] by strides in bytes, of enum cn_dtype, multiplied by scale */
    const char *x;
    int64_t x_dtype, x_sample, x_row, x_pixel, x_channel;
    float scale;
    const int64_t *rows;       /* row of x of each sample; NULL: sample i of the call is row i */
    const int64_t *sample_ids; /* keys of the samples' random numbers; NULL: their rows */
    float *out;                /* [n][outputs], or a gradient asked for */
    const float *grad;         /* [n][outputs]: gradient by the outputs, given by the caller */
    /* training */
    int64_t seed, epoch;
    const cn_transform *transforms; /* of augmentation */
    int64_t n_transforms, fill;     /* fill: enum cn_fill */
    const void *y;    /* int32 classes [rows], or float32 targets [rows][outputs], by row of x */
    double smoothing; /* share of the target that all classes get alike */
    const float *sample_weight;  /* by row of x; NULL: all 1 */
    double weight_sum;           /* of the batch */
    double *losses;              /* [n]: weighted loss of each sample */
    double *data_losses;         /* [n]: the same without smoothing */
    double *scores;              /* [n]: weighted score of each sample; see loss.inc.h */
    const double *score_weights; /* [outputs] */
    double *squares;             /* sum of squares of each block of decayed parameters */
    double *norms; /* [0]: factor of the gradients; then each block's sum of squares */
    int64_t norm_blocks;
    /* learning_rate: Adam's, already corrected for the start of its moments; base_rate: before that */
    double learning_rate, base_rate, alpha, momentum, beta_1, beta_2, epsilon;
    double clip_norm; /* most 2-norm of the gradient; 0: any */
    int64_t nesterov;
    float *moment_1, *moment_2; /* like weights */
} cn_context;

/* One piece of work of one thread. */
typedef struct {
    float *arena;
    float *scratch; /* this thread's own */
    int64_t s0, s1; /* lane stages: samples [s0, s1) of the arena */
    int64_t number; /* batch stages: the task's number */
    int64_t first;  /* number in the call of the arena's sample 0 */
    int64_t lane;   /* lane stages: lane of sample s0 */
    int64_t slot;   /* number of the lane in whose memory gradients are added up */
} cn_task;

enum cn_stage {
#define CN_LANE(NAME, FAMILY, WORK, NEEDS, SCRATCH) CN_STAGE_##NAME,
#define CN_BATCH(NAME, FAMILY, WORK, NEEDS, TASKS, SCRATCH) CN_STAGE_##NAME,
#define CN_PACK(NAME, FAMILY, TASKS) CN_STAGE_##NAME,
#include "stages.def"
    CN_STAGES
};

/* Buffers of the context that a stage needs, beside the parameters. */
enum cn_need {
    CN_NEED_X = 1,
    CN_NEED_OUT = 2,      /* a place for the outputs of all samples */
    CN_NEED_GRAD = 4,     /* the gradient by these, from the caller */
    CN_NEED_GRAD_OUT = 8, /* a place for the gradient that is asked for */
    CN_NEED_REDUCED = 16, /* a place for the gradients by the parameters */
    CN_NEED_CLASSES = 32, /* targets that are class numbers */
    CN_NEED_NUMBERS = 64, /* other targets */
    CN_NEED_UPDATE = 128, /* parameters to be written to, moments, sums of squares */
    CN_NEED_NORMS = 256,
    CN_NEED_MEMORY = 512,         /* arena or scratch: all stages but packing */
    CN_NEED_CORRECTED_RATE = 1024 /* the learning rate, corrected for the start of the moments */
};

enum cn_stage_kind { CN_KIND_LANE, CN_KIND_BATCH, CN_KIND_PACK };

typedef struct {
    const char *name;
    int kind;   /* enum cn_stage_kind */
    int family; /* enum cn_family */
    int work;   /* enum cn_work */
    int needs;  /* enum cn_need */
} cn_stage_info;

enum cn_field_type { CN_FIELD_MAP, CN_FIELD_INT, CN_FIELD_REAL };

typedef struct {
    int family;
    const char *name;
    int type; /* enum cn_field_type */
    size_t offset;
    double initial;
} cn_field;

/* Names by number; NULL ends each list. (tables.c) */
extern const char *const cn_family_names[];
extern const char *const cn_activation_names[];
extern const char *const cn_dtype_names[];
extern const char *const cn_work_names[];
extern const char *const cn_resizing_names[];
extern const char *const cn_fill_names[];
extern const char *const cn_transform_names[];
extern const int cn_activation_properties[CN_ACTIVATIONS];
extern const cn_stage_info cn_stage_infos[CN_STAGES];
extern const cn_field cn_fields[]; /* of all families; one without a name ends it */

/* Floats of scratch that a stage of this operation wants. */
int64_t cn_scratch_floats(int stage, const cn_op *op);
/* Tasks of a batch stage of this operation for n samples. */
int64_t cn_stage_tasks(int stage, const cn_op *op, int64_t n);

typedef void (*cn_kernel)(const cn_op *op, const cn_context *ctx, const cn_task *task);

/* Call the kernel of a stage for rows [y0, y1) of dst: of a convolution (Winograd: from a row of tiles on), a pool, a sum
 * or the input. Each output has the same bits. (bands.c) */
void cn_run_band(cn_kernel kernel, int stage, const cn_op *op, const cn_context *ctx,
                 const cn_task *task, int64_t y0, int64_t y1);

typedef struct {
    const char *name;
    cn_kernel stage[CN_STAGES];
    /* flops of `steps` turns of a loop that only multiplies and adds */
    double (*fma_chain)(int64_t steps);
    /* sum += part, part = 0 */
    void (*merge)(float *sum, float *part, int64_t n);
} cn_kernels;

/* Instruction sets in ascending order. */
#define CN_ISA_LIST(ITEM) ITEM(scalar) ITEM(baseline) ITEM(avx2) ITEM(avx512)

/* (isa/dispatch.c) */
int cn_isa_count(void);
const char *cn_isa_name(int isa);
/* The kernels of an instruction set; NULL if this build or this processor lacks them. */
const cn_kernels *cn_isa_kernels(int isa);
/* Index of the best available one, capped by the environment's CONVNET_ISA; -1: CONVNET_ISA names none. */
int cn_isa_default(void);

#endif
