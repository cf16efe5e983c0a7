/* bias += the gradient by the map, summed over pixels, for VW channels: four chains of additions. A template, included
 * once per width (conv/grad_preact.inc.h). */
CN_INLINE void NAME(cn_bias_block)(const cn_preact_layout *z, const float *grad_preact,
                                   int64_t samples, int64_t rows, int64_t columns, int64_t channels,
                                   float *bias) {
    VEC sum[4];
    for (int i = 0; i < 4; i++) sum[i] = VSET(0.0f);
    for (int64_t s = 0; s < samples; s++)
        for (int64_t y = 0; y < rows; y++) {
            const float *p = grad_preact + s * z->sample + y * z->row;
            int64_t x = 0;
            for (; x + 4 <= columns; x += 4, p += 4 * channels)
                for (int i = 0; i < 4; i++) sum[i] += VLOAD(p + i * channels);
            for (; x < columns; x++, p += channels) sum[0] += VLOAD(p);
        }
    VSTORE(bias, VLOAD(bias) + ((sum[0] + sum[1]) + (sum[2] + sum[3])));
}
