/* The maximum of a window and its position, for VW channels. A template, included once per width (pool/window.h). */

/* Update the maximum so far, *best, and its number, *winner, by one more value of the window. The first of equal
 * values wins, and the first NaN. Returns the mask of channels where the new value wins. */
CN_INLINE MASK NAME(cn_window_take)(VEC v, int32_t number, VEC *best, MASK *winner) {
    const MASK more = VGREATER(v, *best) | (VNAN(v) & ~VNAN(*best));
    *best = VPICK(more, v, *best);
    *winner = VCHOOSE(more, (MASK){0} + number, *winner);
    return more;
}

/* Maximum of h x w pixels, rows and pixels `row` and `pixel` floats apart; pixel (a, b) has number
 * first + a * step + b. scale and shift: NULL, or the maximum is that of scale * z + shift; *value: the winner's z. */
CN_INLINE VEC NAME(cn_window_max)(const int64_t h, const int64_t w, const float *z, int64_t row,
                                  int64_t pixel, int32_t first, int64_t step, const VEC *scale,
                                  const VEC *shift, VEC *value, MASK *winner) {
    *value = VLOAD(z);
    *winner = (MASK){0} + first;
    VEC best = scale ? VFMA(*value, *scale, *shift) : *value;
    for (int64_t a = 0; a < h; a++)
        for (int64_t b = 0; b < w; b++) {
            const VEC here = VLOAD(z + a * row + b * pixel);
            const VEC v = scale ? VFMA(here, *scale, *shift) : here;
            const int32_t number = first + (int32_t)(a * step + b);
            const MASK more = NAME(cn_window_take)(v, number, &best, winner);
            *value = VPICK(more, here, *value);
        }
    return best;
}

/* y = the maximum; winner: NULL, or its number in the window, row by row. */
CN_INLINE void NAME(cn_window_pool)(const int64_t h, const int64_t w, const float *z, int64_t row,
                                    int64_t pixel, float *y, uint8_t *winner) {
    VEC value;
    MASK number;
    VSTORE(y, NAME(cn_window_max)(h, w, z, row, pixel, 0, w, NULL, NULL, &value, &number));
    if (winner) TO_BYTES(winner, number);
}

/* The converse: give each pixel of the window the gradient of the maximum that it won, or 0; with `value`, a rectified
 * output, only where that is positive. */
CN_INLINE void NAME(cn_window_unpool)(const int64_t h, const int64_t w, const float *g,
                                      const float *value, const uint8_t *winner, float *grad,
                                      int64_t row, int64_t pixel) {
    const MASK won = FROM_BYTES(winner);
    VEC given = VLOAD(g);
    if (value) given = VPICK(VGREATER(VLOAD(value), VSET(0.0f)), given, VSET(0.0f));
    for (int64_t a = 0; a < h; a++)
        for (int64_t b = 0; b < w; b++)
            VSTORE(grad + a * row + b * pixel,
                   VPICK(VEQUAL(won, (MASK){0} + (int32_t)(a * w + b)), given, VSET(0.0f)));
}

/* y = the maximum of h x w pixels; winner: NULL, or its number first + a * step + b. */
CN_INLINE void NAME(cn_window_pool_any)(int64_t h, int64_t w, const float *z, int64_t row,
                                        int64_t pixel, int32_t first, int64_t step, float *y,
                                        int32_t *winner) {
    VEC value;
    MASK number;
    VSTORE(y, NAME(cn_window_max)(h, w, z, row, pixel, first, step, NULL, NULL, &value, &number));
    if (winner) STORE_INTS(winner, number);
}
