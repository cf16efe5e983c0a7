/* The most multiply-adds that this instruction set can do: twelve independent chains in registers. */
static double fma_chain(int64_t steps) {
#define VECTOR CN_PASTE(cn_v, CN_LANES)
    VECTOR chain[12];
    const VECTOR factor = CN_PASTE(cn_set, CN_LANES)(0.999f);
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) chain[i] = CN_PASTE(cn_set, CN_LANES)((float)i);
    for (int64_t step = 0; step < steps; step++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) {
            chain[i] = CN_PASTE(cn_fma, CN_LANES)(chain[i], factor, factor);
#if defined(__x86_64__)
            __asm__ volatile("" : "+x"(chain[i])); /* keep each chain and its order */
#elif defined(__aarch64__)
            __asm__ volatile("" : "+w"(chain[i]));
#endif
        }
    }
    volatile float sink = 0.0f;
    VECTOR sum = chain[0];
#pragma GCC unroll 12
    for (int i = 1; i < 12; i++) sum += chain[i];
    sink += ((const float *)&sum)[0];
#undef VECTOR
    return (double)steps * 12 * CN_LANES * 2;
}
