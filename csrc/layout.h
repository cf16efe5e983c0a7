/* Sizes that both the kernels and the engine, which gives them room, have to know. */
#ifndef CN_LAYOUT_H
#define CN_LAYOUT_H

#include "convnet.h"

static inline int64_t cn_blocks(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t cn_positive(int64_t n) { return n > 0 ? n : 0; }
/* Floats rounded up to a whole cache line; an int64_t takes the room of two floats. */
static inline int64_t cn_aligned(int64_t floats) { return cn_blocks(floats, 16) * 16; }
static inline int64_t cn_round_columns(int64_t n) { return cn_blocks(n, CN_COLUMNS) * CN_COLUMNS; }
static inline int cn_pools(const cn_op *op) { return op->pool_h * op->pool_w > 1; }

/* Augmentation: floats of an image in scratch, with the zeros of one pixel, and of a load of four channels,
 * behind it; and the values that contrast takes at a time: whole pixels, 64 values or more. */
static inline int64_t cn_image_floats(const cn_map *map) {
    return cn_aligned(map->h * map->w * map->c + map->c + 4);
}
static inline int64_t cn_contrast_chunk(int64_t c) { return cn_blocks(64, c) * c; }

/* Resizing: floats of the table of an axis with m outputs. */
static inline int64_t cn_axis_floats(int64_t m, int64_t taps) {
    return cn_aligned(2 * m) + cn_aligned(m * taps);
}

/* Winograd: floats of one of the CN_PLACES planes of a block of tiles. The 16 keep the planes from starting
 * at the same place of a page, where they would push one another out of the first-level cache. */
static inline int64_t cn_wino_plane(const cn_op *op, int64_t channels) {
    return op->tiles * channels + 16;
}

static inline int64_t cn_wino_scratch(const cn_op *op) {
    return CN_PLACES * (cn_wino_plane(op, op->src.c) + cn_wino_plane(op, op->dst.c));
}

/* Planes of a convolution along its pixels (planar.inc.h): one row of `pitch` floats after the other. x has
 * rows x columns pixels, the window of all outputs; gz begins below `top` rows and behind `left` columns of
 * zeros, if the gradient of the input is wanted. plane: floats of one, with zeros enough for the vectors that
 * reach beyond its last output: a block of 6 vectors of 16 at the most. */
typedef struct {
    int64_t rows, columns, pitch, plane, top, left;
} cn_planar;

static inline cn_planar cn_planar_layout(const cn_op *op, int backward) {
    const int64_t down = (op->kh - 1) * op->dh, across = (op->kw - 1) * op->dw;
    cn_planar p = {.rows = op->oh + down, .columns = op->ow + across};
    int64_t rows = p.rows;
    p.pitch = p.columns;
    if (backward && op->data_gradient) {
        p.top = cn_positive(down - op->pt);
        p.left = cn_positive(across - op->pl);
        /* the last input reads row src.h - 1 + pt of gz, and column src.w - 1 + pl */
        const int64_t width = p.left + (op->ow > op->src.w + op->pl ? op->ow : op->src.w + op->pl);
        const int64_t height = p.top + (op->oh > op->src.h + op->pt ? op->oh : op->src.h + op->pt);
        p.pitch = width > p.pitch ? width : p.pitch;
        rows = height > rows ? height : rows;
    }
    p.plane = cn_aligned(rows * p.pitch + down * p.pitch + across + 6 * 16);
    return p;
}

/* Samples whose whole maps a block holds; 1 where it does not hold one. */
static inline int64_t cn_wino_together(const cn_op *op) {
    const int64_t area = cn_blocks(op->oh, 4) * cn_blocks(op->ow, 4);
    return area <= op->tiles ? op->tiles / area : 1;
}

/* The gradient by a convolution's map, in scratch: op->group samples of
 * [top + rows + bottom][left + ow + right][oc]. Where the gradient of the input is wanted, or by
 * Winograd, rows is the whole map and the halo of zeros is what is read beyond it; else a block of rows. */
typedef struct {
    int64_t top, bottom, left, right;
    int64_t row, sample;
} cn_gz;

static inline cn_gz cn_gz_layout(const cn_op *op) {
    cn_gz z = {0};
    int64_t rows = op->block;
    if (op->data_gradient) {
        z.top = cn_positive(cn_blocks((op->kh - 1) * op->dh - op->pt, op->sh));
        z.left = cn_positive(cn_blocks((op->kw - 1) * op->dw - op->pl, op->sw));
        z.bottom = cn_positive((op->src.h - 1 + op->pt) / op->sh - (op->oh - 1));
        z.right = cn_positive((op->src.w - 1 + op->pl) / op->sw - (op->ow - 1));
        rows = op->oh;
    }
    if (op->tiles) { /* whole tiles of 4 x 4, of the map and of the input's gradient */
        rows = op->oh;
        z.bottom = 4 * cn_blocks(op->oh, 4) - op->oh;
        z.right = 4 * cn_blocks(op->ow, 4) - op->ow;
        if (op->data_gradient) {
            const int64_t down = 4 * cn_blocks(op->src.h, 4) + op->pt - op->oh;
            const int64_t across = 4 * cn_blocks(op->src.w, 4) + op->pl - op->ow;
            z.bottom = down > z.bottom ? down : z.bottom;
            z.right = across > z.right ? across : z.right;
        }
    }
    z.row = (z.left + op->ow + z.right) * op->dst.c;
    z.sample = (z.top + rows + z.bottom) * z.row;
    return z;
}

#endif
