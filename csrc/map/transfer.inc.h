/* Data in and out of the arena: gathering and converting rows of X, halos, results. */

/* IEEE half to float: shift the bits into place, scale the exponent by a product (exact). */
CN_INLINE float cn_half(uint16_t h) {
    union {
        uint32_t i;
        float f;
    } bits = {.i = (uint32_t)(h & 0x7FFF) << 13}, magic = {.i = (254 - 15) << 23};
    if ((h & 0x7C00) == 0x7C00)
        bits.i |= 0x7F800000u;
    else
        bits.f *= magic.f;
    bits.i |= (uint32_t)(h & 0x8000) << 16;
    return bits.f;
}

#define CN_GATHER(NAME, TYPE, VALUE)                                                               \
    static void NAME(const cn_op *op, const cn_context *ctx, const char *x, float *dst) {          \
        const int64_t h = op->dst.h, w = op->dst.w, c = op->dst.c;                                 \
        const float scale = ctx->scale;                                                            \
        const int packed = ctx->x_channel == (int64_t)sizeof(TYPE) &&                              \
                           (w == 1 || ctx->x_pixel == c * (int64_t)sizeof(TYPE));                  \
        for (int64_t i = 0; i < h; i++, x += ctx->x_row, dst += op->dst.row) {                     \
            if (packed) {                                                                          \
                float *restrict out = dst;                                                         \
                for (int64_t k = 0; k < w * c; k++) {                                              \
                    TYPE v;                                                                        \
                    memcpy(&v, x + k * (int64_t)sizeof(TYPE), sizeof v);                           \
                    out[k] = (float)VALUE * scale;                                                 \
                }                                                                                  \
                continue;                                                                          \
            }                                                                                      \
            for (int64_t j = 0; j < w; j++)                                                        \
                for (int64_t k = 0; k < c; k++) {                                                  \
                    TYPE v;                                                                        \
                    memcpy(&v, x + j * ctx->x_pixel + k * ctx->x_channel, sizeof v);               \
                    dst[j * c + k] = (float)VALUE * scale;                                         \
                }                                                                                  \
        }                                                                                          \
    }
CN_GATHER(cn_gather_u8, uint8_t, v)
CN_GATHER(cn_gather_u16, uint16_t, v)
CN_GATHER(cn_gather_u32, uint32_t, v)
CN_GATHER(cn_gather_u64, uint64_t, v)
CN_GATHER(cn_gather_i8, int8_t, v)
CN_GATHER(cn_gather_i16, int16_t, v)
CN_GATHER(cn_gather_i32, int32_t, v)
CN_GATHER(cn_gather_i64, int64_t, v)
CN_GATHER(cn_gather_f32, float, v)
CN_GATHER(cn_gather_f64, double, v)
CN_GATHER(cn_gather_f16, uint16_t, cn_half(v))

/* Row of X that a sample of the arena comes from. */
CN_INLINE int64_t cn_row(const cn_context *ctx, const cn_task *t, int64_t sample) {
    return ctx->rows ? ctx->rows[t->first + sample] : t->first + sample;
}

/* Number by which random numbers know a sample. */
CN_INLINE int64_t cn_row_name(const cn_context *ctx, const cn_task *t, int64_t sample) {
    return ctx->names ? ctx->names[t->first + sample] : cn_row(ctx, t, sample);
}

/* The row of X that starts at x into the map op->dst that starts at dst. */
static void cn_gather(const cn_op *op, const cn_context *ctx, const char *x, float *dst) {
    static void (*const gather[CN_DTYPES])(const cn_op *, const cn_context *, const char *,
                                           float *) = {
        [CN_UINT8] = cn_gather_u8,    [CN_UINT16] = cn_gather_u16,  [CN_UINT32] = cn_gather_u32,
        [CN_UINT64] = cn_gather_u64,  [CN_INT8] = cn_gather_i8,     [CN_INT16] = cn_gather_i16,
        [CN_INT32] = cn_gather_i32,   [CN_INT64] = cn_gather_i64,   [CN_FLOAT32] = cn_gather_f32,
        [CN_FLOAT64] = cn_gather_f64, [CN_FLOAT16] = cn_gather_f16,
    };
    gather[ctx->x_dtype](op, ctx, x, dst);
}

/* Row y of an image of X, converted. */
static void cn_gather_row(const cn_op *op, const cn_context *ctx, int64_t image, int64_t y, float *dst) {
    cn_op row = {.dst = {.h = 1, .w = op->src.w, .c = op->src.c}};
    cn_gather(&row, ctx, ctx->x + image * ctx->x_sample + y * ctx->x_row, dst);
}

static void input(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    for (int64_t s = t->s0; s < t->s1; s++)
        cn_gather(op, ctx, ctx->x + cn_row(ctx, t, s) * ctx->x_sample,
                  t->arena + op->dst.offset + s * op->dst.sample);
}

static void halo(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    (void)ctx;
    const cn_map *m = &op->dst;
    const int64_t line = m->w * m->c;
    for (int64_t s = t->s0; s < t->s1; s++) {
        float *at = t->arena + m->start + s * m->sample, *end = at + m->sample;
        float *map = t->arena + m->offset + s * m->sample;
        for (int64_t y = 0; y < m->h; y++, map += m->row) {
            memset(at, 0, (size_t)(map - at) * sizeof(float));
            at = map + line;
        }
        memset(at, 0, (size_t)(end - at) * sizeof(float));
    }
}

static void output(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const int64_t row = op->src.w * op->src.c, size = op->src.h * row;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < op->src.h; y++)
            memcpy(ctx->out + (t->first + s) * size + y * row,
                   t->arena + op->src.offset + s * op->src.sample + y * op->src.row,
                   (size_t)row * sizeof(float));
}

static void gradient_in(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const cn_map *g = &op->grad_src;
    const int64_t row = g->w * g->c, size = g->h * row;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < g->h; y++)
            memcpy(t->arena + g->offset + s * g->sample + y * g->row,
                   ctx->grad + s * size + y * row, (size_t)row * sizeof(float));
}

static void gradient_out(const cn_op *op, const cn_context *ctx, const cn_task *t) {
    const cn_map *g = &op->grad_dst;
    const int64_t row = g->w * g->c, size = g->h * row;
    for (int64_t s = t->s0; s < t->s1; s++)
        for (int64_t y = 0; y < g->h; y++)
            for (int64_t k = 0; k < row; k++)
                ctx->out[s * size + y * row + k] =
                    t->arena[g->offset + s * g->sample + y * g->row + k] * ctx->scale;
}
