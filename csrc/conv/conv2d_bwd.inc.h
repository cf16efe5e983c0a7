/* Gradients of a convolution; the formulas stand in conv2d.inc.h. */

static void cn_zero_halo(const cn_op *op, const cn_gz *z, float *gz, int64_t samples) {
    const int64_t oc = op->dst.c;
    if (!(z->top + z->bottom + z->left + z->right)) return;
    for (int64_t s = 0; s < samples; s++, gz += z->sample) {
        memset(gz, 0, (size_t)(z->top * z->row) * sizeof(float));
        memset(gz + (z->top + op->oh) * z->row, 0, (size_t)(z->bottom * z->row) * sizeof(float));
        for (int64_t y = z->top; y < z->top + op->oh; y++) {
            memset(gz + y * z->row, 0, (size_t)(z->left * oc) * sizeof(float));
            memset(gz + y * z->row + (z->left + op->ow) * oc, 0,
                   (size_t)(z->right * oc) * sizeof(float));
        }
    }
}

/* Gradient by z of rows [y0, y1) of the convolution of one sample, through pool and activation, or
 * through the batch norm after it. line: scratch for one row of the output. */
static void cn_fill_gz(const cn_op *op, const cn_context *ctx, const cn_task *t, int64_t sample,
                       int64_t y0, int64_t y1, float *gz, int64_t gz_row, float *line) {
    if (op->norm) {
        for (int64_t y = y0; y < y1; y++)
            cn_bn_gradient_row(op + op->norm, ctx, t, sample, y, gz + (y - y0) * gz_row);
        return;
    }
    const int64_t oc = op->dst.c, length = op->dst.w * oc;
    const float *g = t->arena + op->grad_dst.offset + sample * op->grad_dst.sample;
    const float *value = t->arena + op->dst.offset + sample * op->dst.sample;
    if (!cn_pools(op)) {
        for (int64_t y = y0; y < y1; y++)
            cn_activate_grad(op->activation, g + y * op->grad_dst.row, value + y * op->dst.row,
                             gz + (y - y0) * gz_row, length);
        return;
    }
    const uint8_t *winner = cn_winners(op, t->arena, sample);
    for (int64_t y = y0 / op->pool_h; y < y1 / op->pool_h; y++) {
        const float *from = g + y * op->grad_dst.row, *out = value + y * op->dst.row;
        const int rectified = op->activation == CN_RELU;
        if (!rectified) {
            cn_activate_grad(op->activation, from, out, line, length);
            from = line;
        }
        cn_unpool_row(op, from, rectified ? out : NULL, winner + y * length,
                      gz + (y * op->pool_h - y0) * gz_row, gz_row);
    }
}

/* bias[o] += sum of gz over pixels: blocks of channels, four chains of additions each. */
#define CN_BIAS_STEP(N)                                                                            \
    for (; c + N <= channels; c += N) {                                                            \
        cn_v##N sum[4] = {{0}};                                                                    \
        for (int64_t s = 0; s < samples; s++)                                                      \
            for (int64_t y = 0; y < rows; y++) {                                                   \
                const float *p = gz + s * z->sample + y * z->row + c;                              \
                int64_t x = 0;                                                                     \
                for (; x + 4 <= columns; x += 4, p += 4 * channels)                                \
                    for (int i = 0; i < 4; i++) sum[i] += cn_load##N(p + i * channels);            \
                for (; x < columns; x++, p += channels) sum[0] += cn_load##N(p);                   \
            }                                                                                      \
        cn_store##N(bias + c, cn_load##N(bias + c) + ((sum[0] + sum[1]) + (sum[2] + sum[3])));     \
    }

static void cn_bias_add(const cn_gz *z, const float *gz, int64_t samples, int64_t rows,
                        int64_t columns, int64_t channels, float *bias) {
    int64_t c = 0;
#if CN_LANES >= 16
    CN_BIAS_STEP(16)
#endif
#if CN_LANES >= 4
    CN_BIAS_STEP(4)
#endif
    for (; c < channels; c++) {
        float sum[4] = {0};
        for (int64_t s = 0; s < samples; s++)
            for (int64_t y = 0; y < rows; y++) {
                const float *p = gz + s * z->sample + y * z->row + c;
                int64_t x = 0;
                for (; x + 4 <= columns; x += 4, p += 4 * channels)
                    for (int i = 0; i < 4; i++) sum[i] += p[i * channels];
                for (; x < columns; x++, p += channels) sum[0] += *p;
            }
        bias[c] += (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
}

/* weights += src x gz over rows of `samples` samples; x and gz at the first of these rows. */
static void cn_conv2d_weights(const cn_op *op, const cn_taps *taps, const cn_gz *z, const float *x,
                              const float *gz, int64_t samples, int64_t rows, float *weights) {
    const int64_t oc = op->dst.c, cg = op->src.c / op->groups, og = oc / op->groups;
    cn_outer o = {.samples = samples,
                  .rows = rows,
                  .columns = op->ow,
                  .x_sample = op->src.sample,
                  .x_row = op->sh * op->src.row,
                  .x_pixel = op->sw * op->src.c,
                  .g_sample = z->sample,
                  .g_row = z->row,
                  .g_pixel = oc,
                  .ldw = oc};
    for (int64_t g = 0; g < op->groups; g++)
        for (int64_t c = 0; c < og;) {
            const int64_t width = cn_block(og - c);
            o.n = og - c < width ? og - c : width;
            o.g = gz + g * og + c;
            for (int64_t s = 0; s < taps->nseg; s++)
                for (int64_t k = 0; k < taps->klen; k += CN_MR) {
                    const int64_t left = taps->klen - k;
                    o.x = x + g * cg + taps->seg[s] + k;
                    o.dw = weights + (s * taps->klen + k) * oc + g * og + c;
                    cn_outer_add(&o, width, (int)(left < CN_MR ? left : CN_MR));
                }
            c += width;
        }
}

/* Taps of phase (a, b) of the data gradient, as offsets into gz; taps go down the rows and, in a row,
 * from the last to the first, so that those of an undilated convolution with stride 1 are one run. */
static cn_taps cn_phase_taps(const cn_op *op, int64_t gz_row, int64_t a, int64_t b, int64_t *seg) {
    const int64_t oc = op->dst.c;
    const int joined = op->groups == 1 && op->sw == 1 && op->dw == 1;
    cn_taps taps = {.seg = seg, .klen = (joined ? op->kw : 1) * oc / op->groups};
    for (int64_t r = 0; r < op->kh; r++) {
        if (r * op->dh % op->sh != a) continue;
        for (int64_t q = op->kw - 1; q >= 0; q--) {
            if (q * op->dw % op->sw != b) continue;
            seg[taps.nseg++] = -(r * op->dh - a) / op->sh * gz_row - (q * op->dw - b) / op->sw * oc;
            if (joined) break;
        }
    }
    return taps;
}

CN_INLINE int64_t cn_modulo(int64_t a, int64_t m) { return (a % m + m) % m; }

static void cn_conv2d_data(const cn_op *op, const cn_context *ctx, const cn_gz *z, const float *gz,
                           float *grad, int64_t samples, int64_t *seg) {
    const int64_t oc = op->dst.c, c = op->src.c, cg = c / op->groups, og = oc / op->groups;
    const int64_t group_size = op->kh * op->kw * og * cn_round_columns(cg);
    int64_t packed = op->packed_grad;
    for (int64_t a = 0; a < op->sh; a++)
        for (int64_t b = 0; b < op->sw; b++) {
            const cn_taps taps = cn_phase_taps(op, z->row, a, b, seg);
            const int64_t i0 = cn_modulo(a - op->pt, op->sh), j0 = cn_modulo(b - op->pl, op->sw);
            cn_grid grid = {.samples = samples,
                            .rows = (op->src.h - i0 + op->sh - 1) / op->sh,
                            .columns = (op->src.w - j0 + op->sw - 1) / op->sw,
                            .x_sample = z->sample,
                            .x_row = z->row,
                            .x_pixel = oc,
                            .y_sample = op->grad_src.sample,
                            .y_row = op->sh * op->grad_src.row,
                            .y_pixel = op->sw * c};
            if (i0 < op->src.h && j0 < op->src.w)
                for (int64_t g = 0; g < op->groups; g++) {
                    grid.x = gz + (z->top + (i0 + op->pt - a) / op->sh) * z->row +
                             (z->left + (j0 + op->pl - b) / op->sw) * oc + g * og;
                    grid.y = grad + i0 * op->grad_src.row + j0 * c + g * cg;
                    cn_grid_gemm(&grid, &taps, ctx->packed + packed + g * group_size, cg, NULL, 0);
                }
            packed += taps.nseg * taps.klen * cn_round_columns(cg);
        }
}

/* Pack the weights: tasks over groups, passes and blocks of CN_COLUMNS columns. */
static void pack_conv2d(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t oc = op->dst.c, cg = op->src.c / op->groups, og = oc / op->groups;
    const int64_t K = op->kh * op->kw * cg;
    const int64_t fwd_blocks = cn_round_columns(og) / CN_COLUMNS;
    const int64_t bwd_blocks = op->data_gradient ? cn_round_columns(cg) / CN_COLUMNS : 0;
    const int64_t g = t->s0 / (fwd_blocks + bwd_blocks);
    const int64_t block = t->s0 % (fwd_blocks + bwd_blocks);
    const float *w = ctx->params + op->weights + g * og;
    if (block < fwd_blocks) {
        const int64_t n0 = block * CN_COLUMNS, n1 = n0 + CN_COLUMNS < og ? n0 + CN_COLUMNS : og;
        cn_pack(w, oc, 0, K, og, n0, n1, ctx->packed + op->packed + g * K * cn_round_columns(og));
        return;
    }
    const int64_t n0 = (block - fwd_blocks) * CN_COLUMNS;
    const int64_t n1 = n0 + CN_COLUMNS < cg ? n0 + CN_COLUMNS : cg;
    float *packed =
        ctx->packed + op->packed_grad + g * op->kh * op->kw * og * cn_round_columns(cg);
    for (int64_t a = 0; a < op->sh; a++)
        for (int64_t b = 0; b < op->sw; b++) {
            int64_t taps = 0;
            for (int64_t r = 0; r < op->kh; r++)
                for (int64_t q = 0; q < op->kw; q++)
                    taps += r * op->dh % op->sh == a && q * op->dw % op->sw == b;
            int64_t tap = 0;
            for (int64_t r = 0; r < op->kh; r++)
                for (int64_t q = op->kw - 1; q >= 0; q--) {
                    if (r * op->dh % op->sh != a || q * op->dw % op->sw != b) continue;
                    /* rows [tap*og, tap*og + og) of a matrix of taps*og rows and cg columns */
                    for (int64_t c = n0; c < n1;) {
                        const int64_t width = cn_block(cg - c);
                        float *dst = packed + c * taps * og + tap * og * width;
                        for (int64_t o = 0; o < og; o++)
                            for (int64_t j = 0; j < width; j++)
                                dst[o * width + j] =
                                    c + j < cg ? w[((r * op->kw + q) * cg + c + j) * oc + o] : 0.0f;
                        c += width;
                    }
                    tap++;
                }
            packed += taps * og * cn_round_columns(cg);
        }
}

static void conv2d_bwd(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const cn_gz z = cn_gz_layout(op);
    int64_t *seg = (int64_t *)t->scratch, *phase_seg = seg + op->kh * op->kw;
    float *line = t->scratch + cn_aligned(4 * op->kh * op->kw);
    float *gz = line + cn_aligned(op->dst.w * op->dst.c);
    float *inside = gz + z.top * z.row + z.left * op->dst.c;
    float *grads = ctx->lane_grads + t->lane * ctx->lane_size;
    const cn_taps taps = cn_forward_taps(op, seg);
    cn_zero_halo(op, &z, gz, op->group);
    for (int64_t s = t->s0; s < t->s1; s += op->group) {
        const int64_t samples = t->s1 - s < op->group ? t->s1 - s : op->group;
        for (int64_t y0 = 0; y0 < op->oh; y0 += op->block) {
            const int64_t rows = op->oh - y0 < op->block ? op->oh - y0 : op->block;
            float *part = inside + (op->data_gradient ? y0 * z.row : 0);
            for (int64_t i = 0; i < samples; i++)
                cn_fill_gz(op, ctx, t, s + i, y0, y0 + rows, part + i * z.sample, z.row, line);
            if (op->grad_weights < 0) continue;
            cn_conv2d_weights(op, &taps, &z,
                              cn_window_origin(op, t->arena, s) + y0 * op->sh * op->src.row, part,
                              samples, rows, grads + op->grad_weights);
            if (op->grad_bias >= 0)
                cn_bias_add(&z, part, samples, rows, op->ow, op->dst.c, grads + op->grad_bias);
        }
        if (op->data_gradient)
            cn_conv2d_data(op, ctx, &z, gz,
                           t->arena + op->grad_src.offset + s * op->grad_src.sample, samples,
                           phase_seg);
    }
}
