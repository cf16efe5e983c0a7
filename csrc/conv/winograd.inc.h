/* Winograd convolution: the three passes over blocks of tiles, and the packing of the kernels.
 * winograd_transform.inc.h has the formulas and the transforms. */
#ifndef CN_CONV_WINOGRAD_INC_H
#define CN_CONV_WINOGRAD_INC_H

#include "conv/grad_preact.inc.h"
#include "conv/layout.h"
#include "conv/pooled.inc.h"
#include "conv/weights_block.inc.h"
#include "conv/window.h"
#include "conv/winograd_transform.inc.h"
#include "gemm/gemm.inc.h"
#include "map/map.h"

/* Scratch of a block of tiles: 36 planes of the transformed input, and 36 of the transformed output. */
typedef struct {
    float *in, *out;
    int64_t in_plane, out_plane;
} cn_planes;

CN_INLINE cn_planes cn_wino_planes(const cn_conv_params *op, float *scratch, int64_t in,
                                   int64_t out) {
    cn_planes p = {
        .in = scratch, .in_plane = cn_wino_plane(op, in), .out_plane = cn_wino_plane(op, out)};
    p.out = scratch + CN_WINOGRAD_POINTS * p.in_plane;
    return p;
}

/* Maps of one layout. */
typedef struct {
    float *at; /* pixel (0, 0) of sample 0; of what is read, the window of output (0, 0) */
    int64_t sample, row, pixel, c;
} cn_maps;

/* dst = act(bias + src * kernel) for a block of tiles of maps of h x w outputs. */
static void cn_wino_tiles(const cn_conv_params *op, const cn_tiles *tiles, const cn_maps *src,
                          const float *packed, const float *bias, int relu, const cn_maps *dst,
                          int64_t h, int64_t w, float *scratch) {
    const cn_planes p = cn_wino_planes(op, scratch, src->c, dst->c);
    cn_wino_gather(tiles, src->at, src->sample, src->row, src->pixel, src->c, p.in, p.in_plane,
                   src->c);
    for (int point = 0; point < CN_WINOGRAD_POINTS; point++)
        cn_gemm(p.in + point * p.in_plane, src->c, tiles->count,
                packed + point * src->c * cn_round_columns(dst->c), src->c, dst->c, 0, dst->c,
                p.out + point * p.out_plane, dst->c, NULL, 0);
    cn_wino_scatter(tiles, p.out, p.out_plane, dst->c, bias, relu, dst->at, dst->sample, dst->row,
                    dst->pixel, h, w, dst->c);
}

/* The same for all tiles of some samples, block by block. */
static void cn_wino_maps(const cn_conv_params *op, int64_t samples, const cn_maps *src,
                         const float *packed, const float *bias, int relu, const cn_maps *dst,
                         int64_t h, int64_t w, float *scratch) {
    cn_tiles tiles = cn_wino_tiles_of(cn_wino_size(op), h, w);
    const int64_t all = samples * tiles.rows * tiles.columns;
    for (; tiles.first < all; tiles.first += op->block_tiles) {
        tiles.count = all - tiles.first < op->block_tiles ? all - tiles.first : op->block_tiles;
        cn_wino_tiles(op, &tiles, src, packed, bias, relu, dst, h, w, scratch);
    }
}

static void winograd_fwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t oc = op->dst.c;
    const float *bias = op->bias < 0 ? NULL : ctx->params + op->bias;
    const float *packed = ctx->packed + op->packed;
    cn_maps src = {(float *)cn_window_origin(op, t->arena, t->s0), op->src.sample, op->src.row,
                   op->src.c, op->src.c};
    cn_maps dst = {cn_map_at(t, &op->dst, t->s0), op->dst.sample, op->dst.row, op->dst.pixel, oc};
    if (!cn_conv_pools(op)) {
        cn_wino_maps(op, t->s1 - t->s0, &src, packed, bias, op->activation == CN_RELU, &dst, op->oh,
                     op->ow, t->scratch);
        cn_conv2d_activate(op, t, dst.at);
        return;
    }
    /* A strip is pooled as soon as it is computed: whole samples, or rows of tiles of one. */
    cn_tiles tiles = cn_wino_tiles_of(cn_wino_size(op), op->oh, op->ow);
    const int64_t most = cn_wino_block_samples(op), strip = op->strip_tile_rows;
    const cn_maps z = {t->scratch + cn_wino_planes_floats(op), strip * tiles.size * op->ow * oc,
                       op->ow * oc, oc, oc};
    for (int64_t s = t->s0; s < t->s1; s += most) {
        const int64_t samples = cn_min(most, t->s1 - s);
        src.at = (float *)cn_window_origin(op, t->arena, s);
        for (int64_t r = 0; r < tiles.rows; r += strip) {
            const int64_t rows = tiles.rows - r < strip ? tiles.rows - r : strip;
            const int64_t y0 = tiles.size * r, y1 = cn_min(y0 + tiles.size * rows, op->oh);
            cn_maps part = z; /* so that row y0 falls on the first row of z */
            part.at -= y0 * z.row;
            tiles.first = r * tiles.columns;
            tiles.count = ((samples - 1) * tiles.rows + rows) * tiles.columns;
            cn_wino_tiles(op, &tiles, &src, packed, bias, 0, &part, op->oh, op->ow, t->scratch);
            for (int64_t i = 0; i < samples; i++)
                cn_pool_rows(op, t, s + i, y0 / op->pool_h, y1 / op->pool_h, z.at + i * z.sample);
        }
    }
}

/* dw[taps][..][..] += the gradient of the kernels from c input to oc output channels, for `tiles` tiles, from the
 * transforms in[36][tiles][c] and out[36][tiles][oc]. The products of a slice of input channels and a block of output
 * channels lie in u until they are transformed back, in place: one tap of all kernels after the other is then added, because
 * the taps of a kernel are often a multiple of 4096 bytes apart and would push one another out of the cache. */
CN_INLINE void cn_wino_weights_of(const int side, const cn_planes *p, int64_t tiles, int64_t c,
                                  int64_t oc, float *u, float *dw, int64_t dw_row, int64_t dw_tap) {
    const int64_t slice = CN_WINO_SLICE / CN_MR * CN_MR;
    cn_outer o = {
        .samples = 1, .rows = 1, .columns = tiles, .x_pixel = c, .g_pixel = oc, .fresh = 1};
    for (int64_t j = 0; j < oc; j += o.n) {
        o.n = o.ldw = cn_block(oc - j); /* whole blocks: what lies beyond oc is not used */
        for (int64_t k = 0; k < c; k += slice) {
            const int64_t rows = cn_min(slice, c - k), point = rows * o.ldw + 16; /* as planes */
            for (int i = 0; i < CN_WINOGRAD_POINTS; i++) {
                o.g = p->out + i * p->out_plane + j;
                for (int64_t r = 0, m; r < rows; r += m) {
                    m = cn_tile_rows(rows - r);
                    o.x = p->in + i * p->in_plane + k + r;
                    o.dw = u + i * point + r * o.ldw;
                    cn_outer_add(&o, o.n, (int)m);
                }
            }
            for (int64_t v = 0; v < rows * o.ldw; v += CN_LANES)
                cn_wino_kernels_grad(side, u + v, point);
            for (int i = 0; i < side * side; i++)
                for (int64_t r = 0; r < rows; r++)
                    cn_add_floats(dw + i * dw_tap + (k + r) * dw_row + j, u + i * point + r * o.ldw,
                                  cn_min(o.n, oc - j));
        }
    }
}

static void cn_wino_weights_tiles(const cn_conv_params *op, const cn_planes *p, int64_t tiles,
                                  int64_t c, int64_t oc, float *u, float *dw) {
    const int64_t row = op->dst.c, tap = op->src.c * row;
    if (op->kh == 3)
        cn_wino_weights_of(3, p, tiles, c, oc, u, dw, row, tap);
    else
        cn_wino_weights_of(5, p, tiles, c, oc, u, dw, row, tap);
}

/* Tiles of a block when `all` tiles are divided into as few blocks of about the same size as possible. */
CN_INLINE int64_t cn_wino_even_block(const cn_conv_params *op, int64_t all) {
    return cn_blocks(all, cn_blocks(all, op->block_tiles));
}

/* dw += the gradient of all kernels for some samples. */
static void cn_wino_weights(const cn_conv_params *op, const cn_task *t, int64_t s, int64_t samples,
                            const float *grad_preact, const cn_preact_layout *z, float *u,
                            float *dw) {
    const int64_t c = op->src.c, oc = op->dst.c;
    const float *src = cn_window_origin(op, t->arena, s);
    const cn_planes p = cn_wino_planes(op, t->scratch, c, oc);
    cn_tiles tiles = cn_wino_tiles_of(cn_wino_size(op), op->oh, op->ow);
    const int64_t all = samples * tiles.rows * tiles.columns, block = cn_wino_even_block(op, all);
    for (; tiles.first < all; tiles.first += block) {
        tiles.count = cn_min(block, all - tiles.first);
        cn_wino_gather(&tiles, src, op->src.sample, op->src.row, c, c, p.in, p.in_plane, c);
        cn_wino_gather_grad(&tiles, grad_preact, z->sample, z->row, oc, op->oh, op->ow, oc, p.out,
                            p.out_plane);
        cn_wino_weights_tiles(op, &p, tiles.count, c, oc, u, dw);
    }
}

/* The gradient by the input of some samples. */
static void cn_wino_data(const cn_conv_params *op, const cn_context *ctx, const cn_task *t,
                         int64_t s, int64_t samples, float *inside, const cn_preact_layout *z) {
    /* input pixel (i, j) reads grad_preact from (i + pt - (kh - 1), j + pl - (kw - 1)) on */
    const cn_maps src = {inside + (op->pt - op->kh + 1) * z->row +
                             (op->pl - op->kw + 1) * op->dst.c,
                         z->sample, z->row, op->dst.c, op->dst.c};
    const cn_maps dst = {cn_map_at(t, &op->grad_src, s), op->grad_src.sample, op->grad_src.row,
                         op->src.c, op->src.c};
    cn_wino_maps(op, samples, &src, ctx->packed + op->packed_grad, NULL, 0, &dst, op->src.h,
                 op->src.w, t->scratch);
}

static void winograd_bwd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_preact_layout z = cn_preact_layout_of(op);
    float *u = t->scratch + cn_wino_planes_floats(op), *line = u + CN_WINO_SLICE_FLOATS;
    float *grad_preact = line + cn_aligned(op->dst.w * op->dst.c);
    float *inside = grad_preact + z.top * z.row + z.left * op->dst.c;
    float *grads = ctx->lane_grads + t->slot * ctx->lane_size;
    cn_zero_halo(op, &z, grad_preact, op->block_samples);
    for (int64_t s = t->s0; s < t->s1; s += op->block_samples) {
        const int64_t samples = t->s1 - s < op->block_samples ? t->s1 - s : op->block_samples;
        for (int64_t i = 0; i < samples; i++)
            cn_fill_grad_preact(op, ctx, t, s + i, 0, op->oh, inside + i * z.sample, z.row, line);
        if (op->grad_weights >= 0)
            cn_wino_weights(op, t, s, samples, inside, &z, u, grads + op->grad_weights);
        if (op->grad_bias >= 0)
            cn_bias_add(&z, inside, samples, op->oh, op->ow, op->dst.c, grads + op->grad_bias);
        if (op->data_gradient) cn_wino_data(op, ctx, t, s, samples, inside, &z);
    }
}

/* The gradient by the input alone, from grad_preact in grad_dst. */
static void winograd_data(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const cn_preact_layout z = cn_preact_layout_of(op);
    float *grad_preact = t->scratch + cn_wino_planes_floats(op);
    float *inside = grad_preact + z.top * z.row + z.left * op->dst.c;
    cn_zero_halo(op, &z, grad_preact, op->block_samples);
    for (int64_t s = t->s0; s < t->s1; s += op->block_samples) {
        const int64_t samples = cn_min(op->block_samples, t->s1 - s);
        cn_copy_grad_preact(op, t, s, samples, &z, inside);
        cn_wino_data(op, ctx, t, s, samples, inside, &z);
    }
}

/* A block of the gradient of the weights, from a group of samples. */
static void winograd_weights(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c, oc = op->dst.c;
    const cn_weights_block b = cn_weights_block_of(op, ctx->n, t->number);
    const int64_t rows = b.k1 - b.k0, columns = b.n1 - b.n0;
    const float *src = cn_window_origin(op, t->arena, b.s0) + b.k0;
    const float *grad_preact = cn_map_at(t, &op->grad_dst, b.s0) + b.n0;
    float *dw =
        ctx->batch_grads + op->grad_weights + b.group * op->weights_group + b.k0 * oc + b.n0;
    cn_planes p = {.in = t->scratch,
                   .in_plane = cn_wino_plane(op, rows),
                   .out_plane = cn_wino_plane(op, columns)};
    p.out = p.in + CN_WINOGRAD_POINTS * p.in_plane;
    float *u = p.out + CN_WINOGRAD_POINTS * p.out_plane;
    cn_tiles tiles = cn_wino_tiles_of(cn_wino_size(op), op->oh, op->ow);
    const int64_t all = (b.s1 - b.s0) * tiles.rows * tiles.columns;
    const int64_t block = all ? cn_wino_even_block(op, all) : 1;
    for (int64_t k = 0; k < op->kh * op->kw * c; k += c)
        for (int64_t i = 0; i < rows; i++)
            memset(dw + (k + i) * oc, 0, (size_t)columns * sizeof(float));
    for (; tiles.first < all; tiles.first += block) {
        tiles.count = cn_min(block, all - tiles.first);
        cn_wino_gather(&tiles, src, op->src.sample, op->src.row, c, rows, p.in, p.in_plane, rows);
        cn_wino_gather_grad(&tiles, grad_preact, op->grad_dst.sample, op->grad_dst.row, oc, op->oh,
                            op->ow, columns, p.out, p.out_plane);
        cn_wino_weights_tiles(op, &p, tiles.count, rows, columns, u, dw);
    }
    cn_bias_of_block(op, ctx, t, &b);
}

/* Tasks: blocks of columns of the forward pass, then of the data gradient. */
static void pack_winograd(const cn_conv_params *op, const cn_context *ctx, const cn_task *t) {
    const int64_t c = op->src.c, oc = op->dst.c, blocks = cn_blocks(oc, CN_COLUMNS);
    const float *w = ctx->params + op->weights;
    if (t->number < blocks)
        cn_wino_pack(op->kh, w, c, oc, 0, t->number * CN_COLUMNS, ctx->packed + op->packed);
    else
        cn_wino_pack(op->kh, w, c, oc, 1, (t->number - blocks) * CN_COLUMNS,
                     ctx->packed + op->packed_grad);
}

#endif
