/* Convolution with few channels (8 at the most on either side) and stride 1, with bias, activation and a
 * 2 x 2 max-pool fused. The other kernels' vectors run along the output channels; here they would be
 * nearly empty, so vectors run along the pixels.
 *
 * Each channel becomes a plane of rows of `pitch` floats, taken as one line: output p of the line reads
 * p + offset of each tap, and what falls on the last columns of a row, where windows leave it, is not used.
 *
 *   fwd       z[o][p] = bias[o] + sum over channels, taps: x[c][p + tap] * w[tap][c][o]
 *   data      the same over planes of gz with a halo of zeros, the taps turned by 180 degrees
 *   weights   dw[tap][c][o] = sum over p: x[c][p + tap] * gz[o][p], gz being zero on the unused columns
 *
 * The planes are followed by zeros, because vectors read beyond their ends.
 */

#define VEC CN_PASTE(cn_v, CN_LANES)
#define VLOAD CN_PASTE(cn_load, CN_LANES)
#define VSTORE CN_PASTE(cn_store, CN_LANES)
#define VSET CN_PASTE(cn_set, CN_LANES)
#define VFMA CN_PASTE(cn_fma, CN_LANES)

/* Accumulators that fit in registers beside the operands. */
#if CN_LANES == 16
#define CN_PLANAR_ACC 24
#else
#define CN_PLANAR_ACC 12
#endif

/* Lines that are convolved: in planes of in_plane floats, to out planes of out_plane floats. */
typedef struct {
    const float *in;
    float *out;
    int64_t in_channels, in_plane, out_plane;
    int64_t length; /* outputs of a line */
    int64_t taps;
    const int64_t *offset; /* of each tap */
    const float *w;        /* weight of tap t, in channel c, out channel o: t*tap + c*in + o*out */
    int64_t w_tap, w_in, w_out;
    const float *bias; /* or NULL */
} cn_lines;

CN_INLINE void cn_lines_block(const cn_lines *l, const int O, const int B, int64_t o0, int64_t p) {
    VEC acc[8][8];
#pragma GCC unroll 8
    for (int o = 0; o < O; o++) {
        const VEC start = VSET(l->bias ? l->bias[o0 + o] : 0.0f);
#pragma GCC unroll 8
        for (int b = 0; b < B; b++) acc[o][b] = start;
    }
    for (int64_t c = 0; c < l->in_channels; c++)
        for (int64_t t = 0; t < l->taps; t++) {
            const float *x = l->in + c * l->in_plane + p + l->offset[t];
            const float *w = l->w + t * l->w_tap + c * l->w_in + o0 * l->w_out;
            VEC xv[8];
#pragma GCC unroll 8
            for (int b = 0; b < B; b++) xv[b] = VLOAD(x + b * CN_LANES);
#pragma GCC unroll 8
            for (int o = 0; o < O; o++) {
                const VEC wv = VSET(w[o * l->w_out]);
#pragma GCC unroll 8
                for (int b = 0; b < B; b++) acc[o][b] = VFMA(xv[b], wv, acc[o][b]);
            }
        }
#pragma GCC unroll 8
    for (int o = 0; o < O; o++)
#pragma GCC unroll 8
        for (int b = 0; b < B; b++)
            VSTORE(l->out + (o0 + o) * l->out_plane + p + b * CN_LANES, acc[o][b]);
}

/* All out channels, up to four at a time. The last block is whole: the planes have room for it. */
static void cn_lines_conv(const cn_lines *l, int64_t out_channels) {
    for (int64_t o0 = 0; o0 < out_channels; o0 += 4) {
        int64_t p = 0;
        switch (out_channels - o0) {
#define CASE(LABEL, O, B)                                                                          \
    LABEL:                                                                                         \
        for (; p < l->length; p += B * CN_LANES) cn_lines_block(l, O, B, o0, p);                   \
        break;
            CASE(case 1, 1, CN_PLANAR_ACC / 4)
            CASE(case 2, 2, CN_PLANAR_ACC / 4)
            CASE(case 3, 3, CN_PLANAR_ACC / 4)
            CASE(default, 4, CN_PLANAR_ACC / 4)
#undef CASE
        }
    }
}

/* dw of Q taps and O out channels: dot products along the lines. */
CN_INLINE void cn_lines_dots(const int Q, const int O, const float *x, const int64_t *offset,
                             const float *g, int64_t g_plane, int64_t length, float *dw,
                             int64_t w_tap) {
    VEC acc[6][4];
#pragma GCC unroll 6
    for (int q = 0; q < Q; q++)
#pragma GCC unroll 4
        for (int o = 0; o < O; o++) acc[q][o] = VSET(0.0f);
    for (int64_t p = 0; p < length; p += CN_LANES) {
        VEC gv[4];
#pragma GCC unroll 4
        for (int o = 0; o < O; o++) gv[o] = VLOAD(g + o * g_plane + p);
#pragma GCC unroll 6
        for (int q = 0; q < Q; q++) {
            const VEC xv = VLOAD(x + offset[q] + p);
#pragma GCC unroll 4
            for (int o = 0; o < O; o++) acc[q][o] = VFMA(xv, gv[o], acc[q][o]);
        }
    }
#pragma GCC unroll 6
    for (int q = 0; q < Q; q++)
#pragma GCC unroll 4
        for (int o = 0; o < O; o++) {
            float lane[CN_LANES], sum = 0.0f;
            VSTORE(lane, acc[q][o]);
            for (int i = 0; i < CN_LANES; i++) sum += lane[i];
            dw[q * w_tap + o] += sum;
        }
}

static void cn_lines_dots_of(int64_t q, int64_t o, const float *x, const int64_t *offset,
                             const float *g, int64_t g_plane, int64_t length, float *dw,
                             int64_t w_tap) {
#define CASE(Q, O)                                                                                 \
    case Q * 8 + O:                                                                                \
        cn_lines_dots(Q, O, x, offset, g, g_plane, length, dw, w_tap);                             \
        break;
#define CASES(Q) CASE(Q, 1) CASE(Q, 2) CASE(Q, 3) CASE(Q, 4)
    switch (q * 8 + o) {
        CASES(1) CASES(2) CASES(3)
#if CN_PLANAR_ACC > 12
        CASES(4) CASES(5) CASES(6)
#endif
    }
#undef CASES
#undef CASE
}

/* dw[taps][channels][oc] += for all lines. */
static void cn_lines_weights(const cn_op *op, const float *x, int64_t x_plane,
                             const int64_t *offset, int64_t taps, const float *g, int64_t g_plane,
                             int64_t length, float *dw) {
    const int64_t c = op->src.c, oc = op->dst.c, most = CN_PLANAR_ACC / 4;
    const int64_t parts = cn_blocks(taps, most);
    for (int64_t k = 0; k < c; k++)
        for (int64_t o = 0; o < oc; o += 4)
            for (int64_t part = 0; part < parts; part++) { /* of sizes that differ by 1 at the most */
                const int64_t t0 = taps * part / parts, t1 = taps * (part + 1) / parts;
                cn_lines_dots_of(t1 - t0, oc - o < 4 ? oc - o : 4, x + k * x_plane, offset + t0,
                                 g + o * g_plane, g_plane, length, dw + (t0 * c + k) * oc + o,
                                 c * oc);
            }
}

/* Even and odd elements of two vectors, and the converse. */
#if CN_LANES == 16
#define CN_EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define CN_ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define CN_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define CN_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif CN_LANES == 8
#define CN_EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define CN_ODD 1, 3, 5, 7, 9, 11, 13, 15
#define CN_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define CN_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif CN_LANES == 4
#define CN_EVEN 0, 2, 4, 6
#define CN_ODD 1, 3, 5, 7
#define CN_LOW 0, 4, 1, 5
#define CN_HIGH 2, 6, 3, 7
#endif
#if CN_LANES > 1
#define INT CN_PASTE(cn_i, CN_LANES)
#if defined(__clang__)
#define CN_SHUFFLE(a, b, ...) __builtin_shufflevector((a), (b), __VA_ARGS__)
#else
#define CN_SHUFFLE(a, b, ...) __builtin_shuffle((a), (b), (INT){__VA_ARGS__})
#endif
#define PIXELS CN_LANES
#else
#define PIXELS 1
#endif

/* One row of 2 x 2 windows of a plane; writes whole vectors. Winners as in cn_pool_window. */
static void cn_pool_line(const float *z, int64_t z_row, int64_t n, float *y, uint8_t *winner) {
    for (int64_t i = 0; i < n; i += PIXELS) {
        const float *a = z + 2 * i, *b = a + z_row;
#if CN_LANES > 1
        const VEC a0 = VLOAD(a), a1 = VLOAD(a + CN_LANES), b0 = VLOAD(b), b1 = VLOAD(b + CN_LANES);
        const VEC window[4] = {CN_SHUFFLE(a0, a1, CN_EVEN), CN_SHUFFLE(a0, a1, CN_ODD),
                               CN_SHUFFLE(b0, b1, CN_EVEN), CN_SHUFFLE(b0, b1, CN_ODD)};
        VEC best = window[0];
        INT at = {0};
#pragma GCC unroll 4
        for (int k = 1; k < 4; k++) {
            const VEC v = window[k];
            const INT more = (INT)(v > best) | ((INT)(v != v) & (INT)(best == best));
            best = (VEC)((more & (INT)v) | (~more & (INT)best));
            at = (more & ((INT){0} + k)) | (~more & at);
        }
        VSTORE(y + i, best);
        if (winner) {
            uint8_t won[PIXELS];
            for (int k = 0; k < PIXELS; k++) won[k] = (uint8_t)at[k];
            memcpy(winner + i, won, (size_t)(n - i < PIXELS ? n - i : PIXELS));
        }
#else
        const float window[4] = {a[0], a[1], b[0], b[1]};
        int at = 0;
        for (int k = 1; k < 4; k++)
            if (window[k] > window[at] || (window[k] != window[k] && window[at] == window[at]))
                at = k;
        y[i] = window[at];
        if (winner) winner[i] = (uint8_t)at;
#endif
    }
}

/* The converse: 2 n gradients of two rows from n of pooled values. */
static void cn_unpool_line(const float *g, const uint8_t *winner, int64_t n, float *gz,
                           int64_t gz_row) {
    for (int64_t i = 0; i < n; i++) {
        float *at = gz + 2 * i;
        const float value = g[i];
        const int won = winner[i];
        at[0] = won == 0 ? value : 0.0f;
        at[1] = won == 1 ? value : 0.0f;
        at[gz_row] = won == 2 ? value : 0.0f;
        at[gz_row + 1] = won == 3 ? value : 0.0f;
    }
}

/* Planes of the window of all outputs: rows x columns pixels of each channel, zeros up to `plane`. */
static void cn_to_planes(const float *src, int64_t src_row, int64_t c, int64_t rows,
                         int64_t columns, float *planes, int64_t pitch, int64_t plane) {
    for (int64_t k = 0; k < c; k++, planes += plane) {
        for (int64_t y = 0; y < rows; y++) {
            const float *from = src + y * src_row + k;
            float *restrict to = planes + y * pitch;
            if (c == 1)
                memcpy(to, from, (size_t)columns * sizeof(float));
            else
                for (int64_t x = 0; x < columns; x++) to[x] = from[x * c];
            for (int64_t x = columns; x < pitch; x++) to[x] = 0.0f;
        }
        memset(planes + rows * pitch, 0, (size_t)(plane - rows * pitch) * sizeof(float));
    }
}

static void cn_tap_offsets(const cn_op *op, int64_t pitch, int64_t *offset) {
    for (int64_t r = 0; r < op->kh; r++)
        for (int64_t q = 0; q < op->kw; q++)
            offset[r * op->kw + q] = r * op->dh * pitch + q * op->dw;
}

static void planar_fwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const cn_planar p = cn_planar_layout(op, 0);
    const int64_t c = op->src.c, oc = op->dst.c;
    int64_t *offset = (int64_t *)t->scratch;
    float *x = t->scratch + cn_aligned(2 * op->kh * op->kw), *z = x + c * p.plane;
    float *line = z + oc * p.plane;
    cn_lines lines = {.in = x,
                      .out = z,
                      .in_channels = c,
                      .in_plane = p.plane,
                      .out_plane = p.plane,
                      .length = (op->oh - 1) * p.pitch + op->ow,
                      .taps = op->kh * op->kw,
                      .offset = offset,
                      .w = ctx->params + op->weights,
                      .w_tap = c * oc,
                      .w_in = oc,
                      .w_out = 1,
                      .bias = op->bias < 0 ? NULL : ctx->params + op->bias};
    cn_tap_offsets(op, p.pitch, offset);
    for (int64_t s = t->s0; s < t->s1; s++) {
        uint8_t *winner = cn_winners(op, t->arena, s);
        cn_to_planes(cn_window_origin(op, t->arena, s), op->src.row, c, p.rows, p.columns, x,
                     p.pitch, p.plane);
        cn_lines_conv(&lines, oc);
        for (int64_t y = 0; y < op->dst.h; y++) {
            float *row = t->arena + op->dst.offset + s * op->dst.sample + y * op->dst.row;
            for (int64_t o = 0; o < oc; o++) {
                const float *from = z + o * p.plane + y * op->pool_h * p.pitch;
                if (cn_pools(op)) {
                    cn_pool_line(from, p.pitch, op->dst.w, line,
                                 winner ? winner + (o * op->dst.h + y) * op->dst.w : NULL);
                    from = line;
                }
                for (int64_t i = 0; i < op->dst.w; i++) row[i * oc + o] = from[i];
            }
            if (op->activation != CN_LINEAR) cn_activate(op->activation, row, row, op->dst.w * oc);
        }
    }
}

static void planar_bwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const cn_planar p = cn_planar_layout(op, 1);
    const int64_t c = op->src.c, oc = op->dst.c, taps = op->kh * op->kw;
    int64_t *offset = (int64_t *)t->scratch, *turned = offset + taps;
    float *x = t->scratch + cn_aligned(4 * taps), *gz = x + c * p.plane;
    float *grad = gz + oc * p.plane, *line = grad + c * p.plane;
    float *column = line + cn_aligned(op->dst.w * oc);
    float *inside = gz + p.top * p.pitch + p.left;
    float *grads = ctx->lane_grads + t->lane * ctx->lane_size;
    const int64_t length = (op->oh - 1) * p.pitch + op->ow;
    cn_tap_offsets(op, p.pitch, offset);
    /* input (i, j) reads gz (i + pt - r*dh, j + pl - q*dw), which lies this far from the plane's start */
    for (int64_t r = 0; r < op->kh; r++)
        for (int64_t q = 0; q < op->kw; q++)
            turned[r * op->kw + q] = (p.top + op->pt - r * op->dh) * p.pitch + p.left + op->pl -
                                     q * op->dw;
    const cn_lines data = {.in = gz,
                           .out = grad,
                           .in_channels = oc,
                           .in_plane = p.plane,
                           .out_plane = p.plane,
                           .length = (op->src.h - 1) * p.pitch + op->src.w,
                           .taps = taps,
                           .offset = turned,
                           .w = ctx->params + op->weights,
                           .w_tap = c * oc,
                           .w_in = 1,
                           .w_out = oc};
    memset(gz, 0, (size_t)(oc * p.plane) * sizeof(float));
    for (int64_t s = t->s0; s < t->s1; s++) {
        const uint8_t *winner = cn_winners(op, t->arena, s);
        cn_to_planes(cn_window_origin(op, t->arena, s), op->src.row, c, p.rows, p.columns, x,
                     p.pitch, p.plane);
        for (int64_t y = 0; y < op->dst.h; y++) {
            cn_activate_grad(
                op->activation,
                t->arena + op->grad_dst.offset + s * op->grad_dst.sample + y * op->grad_dst.row,
                t->arena + op->dst.offset + s * op->dst.sample + y * op->dst.row, line,
                op->dst.w * oc);
            for (int64_t o = 0; o < oc; o++) {
                float *to = inside + o * p.plane + y * op->pool_h * p.pitch;
                float *from = cn_pools(op) ? column : to;
                for (int64_t i = 0; i < op->dst.w; i++) from[i] = line[i * oc + o];
                if (cn_pools(op))
                    cn_unpool_line(column, winner + (o * op->dst.h + y) * op->dst.w, op->dst.w, to,
                                   p.pitch);
            }
        }
        cn_lines_weights(op, x, p.plane, offset, taps, inside, p.plane, length,
                         grads + op->grad_weights);
        for (int64_t o = 0; op->bias >= 0 && o < oc; o++) {
            VEC sum = VSET(0.0f);
            float lane[CN_LANES], total = 0.0f;
            for (int64_t i = 0; i < length; i += CN_LANES) sum += VLOAD(inside + o * p.plane + i);
            VSTORE(lane, sum);
            for (int i = 0; i < CN_LANES; i++) total += lane[i];
            grads[op->grad_bias + o] += total;
        }
        if (!op->data_gradient) continue;
        cn_lines_conv(&data, c);
        for (int64_t i = 0; i < op->src.h; i++) {
            float *row = t->arena + op->grad_src.offset + s * op->grad_src.sample +
                         i * op->grad_src.row;
            for (int64_t k = 0; k < c; k++)
                for (int64_t j = 0; j < op->src.w; j++)
                    row[j * c + k] = grad[k * p.plane + i * p.pitch + j];
        }
    }
}

#undef PIXELS
#undef INT
#undef VFMA
#undef VSET
#undef VSTORE
#undef VLOAD
#undef VEC
