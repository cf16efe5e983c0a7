/* Scratch memory and tasks of convolutions. */
#ifndef CN_CONV_LAYOUT_H
#define CN_CONV_LAYOUT_H

#include "sizes.h"

static inline int cn_conv_pools(const cn_conv_params *op) { return op->pool_h * op->pool_w > 1; }

/* Offsets of the taps take two floats each. */
static inline int64_t cn_taps_floats(const cn_conv_params *op) { return 2 * op->kh * op->kw; }

/* Winograd: outputs along a side of a tile, whose input has 6 x 6 pixels. */
static inline int64_t cn_wino_size(const cn_conv_params *op) { return 7 - op->kh; }

/* Whether each input has one output, so that a block of rows has all that its gradients need. */
static inline int cn_pointwise(const cn_conv_params *op) {
    const int plain = op->groups == 1 && op->sh == 1 && op->sw == 1 && op->pt == 0 && op->pl == 0;
    return plain && op->kh * op->kw == 1 && op->oh == op->src.h && op->ow == op->src.w;
}

/* The gradient by a convolution's map, in scratch: block_samples samples of
 * [top + rows + bottom][left + ow + right][oc]. Where the gradient of the input is wanted, or by Winograd, rows is the
 * whole map and the halo of zeros is what is read beyond it; else, and in a pointwise convolution, a block of rows. */
typedef struct {
    int64_t top, bottom, left, right;
    int64_t row, sample;
} cn_preact_layout;

static inline cn_preact_layout cn_preact_layout_of(const cn_conv_params *op) {
    cn_preact_layout z = {0};
    int64_t rows = op->block_rows;
    if (op->data_gradient && !cn_pointwise(op)) {
        z.top = cn_max(0, cn_blocks((op->kh - 1) * op->dh - op->pt, op->sh));
        z.left = cn_max(0, cn_blocks((op->kw - 1) * op->dw - op->pl, op->sw));
        z.bottom = cn_max(0, (op->src.h - 1 + op->pt) / op->sh - (op->oh - 1));
        z.right = cn_max(0, (op->src.w - 1 + op->pl) / op->sw - (op->ow - 1));
        rows = op->oh;
    }
    if (op->block_tiles) { /* whole tiles, of the map and of the input's gradient */
        const int64_t size = cn_wino_size(op);
        rows = op->oh;
        z.bottom = size * cn_blocks(op->oh, size) - op->oh;
        z.right = size * cn_blocks(op->ow, size) - op->ow;
        if (op->data_gradient) {
            z.bottom = cn_max(z.bottom, size * cn_blocks(op->src.h, size) + op->pt - op->oh);
            z.right = cn_max(z.right, size * cn_blocks(op->src.w, size) + op->pl - op->ow);
        }
    }
    z.row = (z.left + op->ow + z.right) * op->dst.c;
    z.sample = (z.top + rows + z.bottom) * z.row;
    return z;
}

/* A row of the output; the gradient by the map. */
static inline int64_t cn_preact_floats(const cn_conv_params *op) {
    return cn_aligned(op->dst.w * op->dst.c) + op->block_samples * cn_preact_layout_of(op).sample;
}

/* Offsets of the runs; rows of the map before the fused pool. */
static inline int64_t cn_conv2d_fwd_scratch(const cn_conv_params *op) {
    return cn_aligned(cn_taps_floats(op)) +
           (cn_conv_pools(op) ? op->block_rows * op->ow * op->dst.c : 0);
}

/* Panels of the weight gradient (gemm/panels.inc.h) for the pixels of a block. */
static inline int64_t cn_panels_floats(const cn_conv_params *op) {
    const int64_t pixels = op->block_samples * op->block_rows * op->ow;
    return cn_aligned((CN_PANEL_FLOATS + CN_COLUMNS) * pixels);
}

/* Panels of the weight gradient of a lane; none where copying takes longer than it saves. */
static inline int64_t cn_conv_panels(const cn_conv_params *op) {
    if (op->groups > 1 || op->src.c < 64 || op->dst.c < 64) return 0;
    return cn_panels_floats(op);
}

/* Offsets of the runs of two passes; a row; the gradient by the map; panels. */
static inline int64_t cn_conv2d_bwd_scratch(const cn_conv_params *op) {
    return cn_aligned(2 * cn_taps_floats(op)) + cn_aligned(cn_preact_floats(op)) +
           cn_conv_panels(op);
}

/* Offsets of the runs; the gradient by the map. */
static inline int64_t cn_conv2d_data_scratch(const cn_conv_params *op) {
    return cn_aligned(cn_taps_floats(op)) + op->block_samples * cn_preact_layout_of(op).sample;
}

/* Blocks of columns of the forward pass, then of the data gradient, of each group. */
static inline int64_t cn_pack_conv2d_tasks(const cn_conv_params *op) {
    return op->groups * (cn_blocks(op->dst.c / op->groups, CN_COLUMNS) +
                         (op->data_gradient ? cn_blocks(op->src.c / op->groups, CN_COLUMNS) : 0));
}

/* Winograd: floats of one of the CN_WINOGRAD_POINTS planes of a block of tiles. The 16 keep the planes from starting at
 * the same place of a page, where they would push one another out of the first-level cache. */
static inline int64_t cn_wino_plane(const cn_conv_params *op, int64_t channels) {
    return op->block_tiles * channels + 16;
}

/* Planes of what is read and of what is written. */
static inline int64_t cn_wino_planes_floats(const cn_conv_params *op) {
    return CN_WINOGRAD_POINTS * (cn_wino_plane(op, op->src.c) + cn_wino_plane(op, op->dst.c));
}

/* Tiles of a sample. */
static inline int64_t cn_wino_area(const cn_conv_params *op) {
    return cn_blocks(op->oh, cn_wino_size(op)) * cn_blocks(op->ow, cn_wino_size(op));
}

/* Samples whose whole maps a block of tiles holds; 1 where it holds none. */
static inline int64_t cn_wino_block_samples(const cn_conv_params *op) {
    const int64_t area = cn_wino_area(op);
    return area <= op->block_tiles ? op->block_tiles / area : 1;
}

/* Planes; the strips before the fused pool. */
static inline int64_t cn_winograd_fwd_scratch(const cn_conv_params *op) {
    const int64_t strip = op->strip_tile_rows * cn_wino_size(op) * op->ow * op->dst.c;
    return cn_wino_planes_floats(op) + (cn_conv_pools(op) ? cn_wino_block_samples(op) * strip : 0);
}

/* Most input channels whose 36 products are computed before they are transformed back, and the floats of these products for
 * the widest block of output channels. */
#define CN_WINO_SLICE 48
#define CN_WINO_SLICE_FLOATS (CN_WINOGRAD_POINTS * (CN_WINO_SLICE * CN_COLUMNS + 16))

/* Planes; products of a slice; a row; the gradient by the map. */
static inline int64_t cn_winograd_bwd_scratch(const cn_conv_params *op) {
    return cn_wino_planes_floats(op) + CN_WINO_SLICE_FLOATS + cn_preact_floats(op);
}

/* Planes; the gradient by the map. */
static inline int64_t cn_winograd_data_scratch(const cn_conv_params *op) {
    return cn_wino_planes_floats(op) + op->block_samples * cn_preact_layout_of(op).sample;
}

/* Rows of the weights as a matrix; see weights_rows. */
static inline int64_t cn_weights_rows(const cn_conv_params *op) {
    return op->block_tiles ? op->src.c : op->kh * op->kw * op->src.c;
}

/* Groups of samples; in each, blocks of rows, and in these blocks of columns. */
static inline int64_t cn_weights_tasks(const cn_conv_params *op) {
    return op->weights_groups * cn_blocks(cn_weights_rows(op), op->weights_rows) *
           cn_blocks(op->dst.c, op->weights_columns);
}

/* Offsets of the runs; panels. */
static inline int64_t cn_conv2d_weights_scratch(const cn_conv_params *op) {
    return cn_aligned(cn_taps_floats(op)) + cn_panels_floats(op);
}

/* Planes of a block of the weights; products of a slice. */
static inline int64_t cn_winograd_weights_scratch(const cn_conv_params *op) {
    return CN_WINOGRAD_POINTS *
               (cn_wino_plane(op, op->weights_rows) + cn_wino_plane(op, op->weights_columns)) +
           CN_WINO_SLICE_FLOATS;
}

static inline int64_t cn_pack_winograd_tasks(const cn_conv_params *op) {
    return cn_blocks(op->dst.c, CN_COLUMNS) +
           (op->data_gradient ? cn_blocks(op->src.c, CN_COLUMNS) : 0);
}

/* Winograd by blocks of columns (winograd_wide.inc.h): tiles of a task at the most, so that their sums and
 * CN_WINOGRAD_DEPTH transforms of kernels stay in the second-level cache. */
#define CN_WINOGRAD_TILES 42

static inline int64_t cn_wide_tile_blocks(const cn_conv_params *op, int64_t n) {
    return cn_blocks(n * cn_wino_area(op), CN_WINOGRAD_TILES);
}

static inline int64_t cn_winograd_wide_tasks(const cn_conv_params *op, int64_t n) {
    return cn_blocks(op->dst.c, CN_COLUMNS) * cn_wide_tile_blocks(op, n);
}

/* Floats from one point to the next: of the transforms of n samples, of the transforms of kernels, and of the sums. The 16
 * as in cn_wino_plane. */
static inline int64_t cn_wide_plane(const cn_conv_params *op, int64_t n) {
    return n * cn_wino_area(op) * CN_WINOGRAD_DEPTH + 16;
}
#define CN_KERNEL_PLANE (CN_WINOGRAD_DEPTH * CN_COLUMNS + 16)
#define CN_TILES_PLANE (CN_WINOGRAD_TILES * CN_COLUMNS + 16)

/* Transforms of kernels; sums. */
static inline int64_t cn_winograd_wide_scratch(void) {
    return CN_WINOGRAD_POINTS * (CN_KERNEL_PLANE + CN_TILES_PLANE);
}

/* The direct convolution by blocks of columns: samples of a task, at least one and about CN_WIDE_PIXELS pixels. */
#define CN_WIDE_PIXELS 256

static inline int64_t cn_wide_samples(const cn_conv_params *op) {
    return cn_blocks(CN_WIDE_PIXELS, op->oh * op->ow);
}

static inline int64_t cn_conv2d_wide_tasks(const cn_conv_params *op, int64_t n) {
    return cn_blocks(op->dst.c, CN_COLUMNS) * cn_blocks(n, cn_wide_samples(op));
}

/* Planes of a convolution along its pixels (planar.inc.h): one row of `pitch` floats after the other. x has
 * rows x columns pixels, the window of all outputs; the gradient by the map begins below `top` rows and behind `left`
 * columns of zeros, if the gradient of the input is wanted. plane: floats of one, with enough zeros for the vectors
 * that reach beyond its last output: at most a block of 6 vectors of 16. */
typedef struct {
    int64_t rows, columns, pitch, plane, top, left;
} cn_planar;

static inline cn_planar cn_planar_layout(const cn_conv_params *op, int backward) {
    const int64_t down = (op->kh - 1) * op->dh, across = (op->kw - 1) * op->dw;
    cn_planar p = {.rows = op->oh + down, .columns = op->ow + across};
    int64_t rows = p.rows;
    p.pitch = p.columns;
    if (backward && op->data_gradient) {
        p.top = cn_max(0, down - op->pt);
        p.left = cn_max(0, across - op->pl);
        /* the last input reads row src.h - 1 + pt of the gradient, and column src.w - 1 + pl */
        p.pitch = cn_max(p.pitch, p.left + cn_max(op->ow, op->src.w + op->pl));
        rows = cn_max(rows, p.top + cn_max(op->oh, op->src.h + op->pt));
    }
    p.plane = cn_aligned(rows * p.pitch + down * p.pitch + across + 6 * 16);
    return p;
}

/* From a pooled line to that of the next channel, in whole vectors. */
static inline int64_t cn_planar_line(const cn_conv_params *op) {
    return cn_aligned(op->dst.w) + 16;
}

/* Offsets of the taps; planes of x and of the map; a pooled line of each channel. */
static inline int64_t cn_planar_fwd_scratch(const cn_conv_params *op) {
    return cn_aligned(cn_taps_floats(op)) +
           (op->src.c + op->dst.c) * cn_planar_layout(op, 0).plane + op->dst.c * cn_planar_line(op);
}

/* Offsets of two passes; planes of x, of the gradient by the map and of that by x; a row; a line of each channel. */
static inline int64_t cn_planar_bwd_scratch(const cn_conv_params *op) {
    return cn_aligned(2 * cn_taps_floats(op)) +
           (2 * op->src.c + op->dst.c) * cn_planar_layout(op, 1).plane +
           cn_aligned(op->dst.w * op->dst.c) + op->dst.c * cn_planar_line(op);
}

/* Depthwise: most kernel rows of the kernels in depthwise_row.inc.h. */
#define CN_DEPTHWISE_ROWS 7

/* Channels that are taken at a time: all, or a slice if pixels are a multiple of half the 4096 bytes apart after which
 * addresses share a line of the first-level cache. */
static inline int64_t cn_depthwise_slice(int64_t channels) {
    return channels % 512 ? channels : 64;
}

/* Rows of a slice of the input of the forward pass, or of the data gradient. */
static inline int64_t cn_depthwise_ring(const cn_conv_params *op) {
    const int64_t columns = cn_max((op->ow - 1) * op->sw, op->src.w - 1) + op->kw;
    const int64_t slice = cn_depthwise_slice(op->dst.c);
    return slice < op->dst.c ? ((op->kh - 1) * op->dh + 1) * columns * slice : 0;
}

/* Offsets of the runs of two passes, and of the taps' weights; input rows. */
static inline int64_t cn_depthwise_fwd_scratch(const cn_conv_params *op) {
    return cn_aligned(3 * cn_taps_floats(op)) + cn_depthwise_ring(op);
}

/* Sums of the weight gradient, in whole vectors. */
static inline int64_t cn_depthwise_sums(const cn_conv_params *op) {
    return op->kh * op->kw * cn_aligned(op->dst.c);
}

/* Offsets; sums; the gradient by the map of a sample; rows of it. */
static inline int64_t cn_depthwise_bwd_scratch(const cn_conv_params *op) {
    return cn_aligned(3 * cn_taps_floats(op)) + cn_depthwise_sums(op) +
           cn_aligned(cn_preact_layout_of(op).sample) + cn_depthwise_ring(op);
}

#endif
