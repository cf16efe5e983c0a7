/* The vectors of the instruction set that a translation unit is compiled for.
 *
 * A kernel body is written once and compiled once per instruction set (see isa/). This file has the vector
 * types (GCC/Clang vector extensions), their loads and stores, and the fused multiply-add, which is an
 * intrinsic: with -ffp-contract=off the compiler forms none by itself, so every table rounds the same
 * way whatever the optimizer does.
 *
 *   CN_ISA     the instruction set's name, see convnet.h
 *   CN_LANES   floats in the widest vector: 16 AVX-512, 8 AVX2, 4 SSE2 or NEON, 1 scalar
 *   CN_MR      rows (pixels) of the register tile
 *   CN_WIDE    floats in the widest block of columns (output channels) of the tile
 *   CN_LINE_FLOATS  floats in a cache line, for prefetching
 */
#ifndef CN_SIMD_H
#define CN_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define CN_INLINE static inline __attribute__((always_inline, unused))

#define CN_LINE_FLOATS 16

#if defined(CN_ISA_SCALAR)
#define CN_LANES 1
#define CN_MR 4
#define CN_WIDE 4
#elif defined(__AVX512F__)
#include <immintrin.h>
#define CN_LANES 16
#define CN_MR 14
#define CN_WIDE 32
#elif defined(__AVX2__)
#include <immintrin.h>
#define CN_LANES 8
#define CN_MR 6
#define CN_WIDE 16
#else
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif
#define CN_LANES 4
#define CN_MR 6
#define CN_WIDE 8
#endif

/* Scalar fused multiply-add for loops that the compiler vectorizes. Without hardware support it rounds twice,
 * since libm's fmaf in software is a hundred times slower. */
#if !defined(CN_ISA_SCALAR) && (defined(__FMA__) || defined(__ARM_FEATURE_FMA))
#define CN_FMA(a, b, c) __builtin_fmaf((a), (b), (c))
#else
#define CN_FMA(a, b, c) ((a) * (b) + (c))
#endif

/* v1, v4, v8, v16: value types; *_u: the same, at any address that a float may have. */
typedef float cn_v1;
CN_INLINE cn_v1 cn_load1(const float *p) { return *p; }
CN_INLINE void cn_store1(float *p, cn_v1 v) { *p = v; }
CN_INLINE cn_v1 cn_set1(float x) { return x; }
CN_INLINE cn_v1 cn_fma1(cn_v1 a, cn_v1 b, cn_v1 c) { return CN_FMA(a, b, c); }
CN_INLINE cn_v1 cn_relu1(cn_v1 v) { return v < 0.0f ? 0.0f : v; }
typedef int32_t cn_i1;
CN_INLINE void cn_store_ints1(int32_t *p, cn_i1 v) { *p = v; }
CN_INLINE cn_i1 cn_greater1(cn_v1 a, cn_v1 b) { return -(a > b); }
CN_INLINE cn_i1 cn_equal1(cn_i1 a, cn_i1 b) { return -(a == b); }
CN_INLINE cn_i1 cn_nan1(cn_v1 v) { return -(v != v); }
CN_INLINE cn_v1 cn_pick1(cn_i1 mask, cn_v1 a, cn_v1 b) { return mask ? a : b; }
CN_INLINE cn_i1 cn_choose1(cn_i1 mask, cn_i1 a, cn_i1 b) { return mask ? a : b; }
CN_INLINE cn_i1 cn_from_bytes1(const uint8_t *p) { return *p; }
CN_INLINE void cn_to_bytes1(uint8_t *p, cn_i1 v) { *p = (uint8_t)v; }
CN_INLINE void cn_add_doubles1(double *p, cn_v1 v) { *p += (double)v; }

#define CN_VECTOR(N, BYTES)                                                                        \
    typedef float cn_v##N __attribute__((vector_size(BYTES)));                                     \
    typedef int32_t cn_i##N __attribute__((vector_size(BYTES)));                                   \
    typedef float cn_v##N##_u __attribute__((vector_size(BYTES), aligned(4), may_alias));          \
    CN_INLINE cn_v##N cn_load##N(const float *p) { return *(const cn_v##N##_u *)p; }               \
    CN_INLINE void cn_store##N(float *p, cn_v##N v) { *(cn_v##N##_u *)p = v; }                     \
    CN_INLINE cn_v##N cn_set##N(float x) { return x - (cn_v##N){0}; }                              \
    /* x < 0 ? 0 : x keeps a NaN, where fmaxf would hide it */                                     \
    CN_INLINE cn_v##N cn_relu##N(cn_v##N v) {                                                      \
        return (cn_v##N)((cn_i##N)v & ~(v < (cn_v##N){0}));                                        \
    }                                                                                              \
    /* masks: all bits of a lane, or none; pick and choose: a where the mask is set, else b */     \
    CN_INLINE cn_i##N cn_greater##N(cn_v##N a, cn_v##N b) { return (cn_i##N)(a > b); }             \
    CN_INLINE cn_i##N cn_equal##N(cn_i##N a, cn_i##N b) { return (cn_i##N)(a == b); }              \
    CN_INLINE cn_i##N cn_nan##N(cn_v##N v) { return (cn_i##N)(v != v); }                           \
    CN_INLINE cn_v##N cn_pick##N(cn_i##N mask, cn_v##N a, cn_v##N b) {                             \
        return (cn_v##N)((mask & (cn_i##N)a) | (~mask & (cn_i##N)b));                              \
    }                                                                                              \
    CN_INLINE cn_i##N cn_choose##N(cn_i##N mask, cn_i##N a, cn_i##N b) {                           \
        return (mask & a) | (~mask & b);                                                           \
    }                                                                                              \
    typedef int32_t cn_i##N##_u __attribute__((vector_size(BYTES), aligned(4), may_alias));        \
    CN_INLINE void cn_store_ints##N(int32_t *p, cn_i##N v) { *(cn_i##N##_u *)p = v; }              \
    typedef uint8_t cn_b##N __attribute__((vector_size(N), aligned(1), may_alias));                \
    CN_INLINE cn_i##N cn_from_bytes##N(const uint8_t *p) {                                         \
        return __builtin_convertvector(*(const cn_b##N *)p, cn_i##N);                              \
    }                                                                                              \
    CN_INLINE void cn_to_bytes##N(uint8_t *p, cn_i##N v) {                                         \
        *(cn_b##N *)p = __builtin_convertvector(v, cn_b##N);                                       \
    }                                                                                              \
    CN_INLINE void cn_add_doubles##N(double *p, cn_v##N v) {                                       \
        for (int i = 0; i < (N); i++) p[i] += (double)v[i];                                        \
    }

#if CN_LANES >= 4
CN_VECTOR(4, 16) CN_INLINE cn_v4 cn_fma4(cn_v4 a, cn_v4 b, cn_v4 c) {
#if defined(__FMA__)
    return (cn_v4)_mm_fmadd_ps((__m128)a, (__m128)b, (__m128)c);
#elif defined(__ARM_NEON)
    return (cn_v4)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}
#endif

#if CN_LANES >= 8
CN_VECTOR(8, 32) CN_INLINE cn_v8 cn_fma8(cn_v8 a, cn_v8 b, cn_v8 c) {
    return (cn_v8)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
#endif

#if CN_LANES >= 16
CN_VECTOR(16, 64) CN_INLINE cn_v16 cn_fma16(cn_v16 a, cn_v16 b, cn_v16 c) {
    return (cn_v16)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
#endif

#define CN_PASTE_(a, b) a##b
#define CN_PASTE(a, b) CN_PASTE_(a, b)
#define CN_STRING_(a) #a
#define CN_STRING(a) CN_STRING_(a)
/* name_isa; and name_16x2_isa of a function for blocks of 2 vectors of 16 floats */
#define CN_OF_ISA_(name, isa) name##_##isa
#define CN_OF_ISA__(name, isa) CN_OF_ISA_(name, isa)
#define CN_OF_ISA(name) CN_OF_ISA__(name, CN_ISA)
#define CN_NAME_(name, vw, nv, isa) name##_##vw##x##nv##_##isa
#define CN_NAME__(name, vw, nv, isa) CN_NAME_(name, vw, nv, isa)
#define CN_NAME(name, vw, nv) CN_NAME__(name, vw, nv, CN_ISA)

/* The widths for which isa/each_width.h includes a template, the widest first: ITEM(width, ...) of each. */
#if CN_LANES >= 16
#define CN_WIDTHS(ITEM, ...)                                                                       \
    ITEM(16, __VA_ARGS__) ITEM(8, __VA_ARGS__) ITEM(4, __VA_ARGS__) ITEM(1, __VA_ARGS__)
#elif CN_LANES >= 8
#define CN_WIDTHS(ITEM, ...) ITEM(8, __VA_ARGS__) ITEM(4, __VA_ARGS__) ITEM(1, __VA_ARGS__)
#elif CN_LANES >= 4
#define CN_WIDTHS(ITEM, ...) ITEM(4, __VA_ARGS__) ITEM(1, __VA_ARGS__)
#else
#define CN_WIDTHS(ITEM, ...) ITEM(1, __VA_ARGS__)
#endif

/* Call F for channels [0, N) in blocks, each as wide as possible. The arguments use k, the first channel of the
 * block. */
#define CN_WIDTH_BLOCKS(WIDTH, N, F, ...)                                                          \
    for (; k + WIDTH <= (N); k += WIDTH) CN_NAME(F, WIDTH, 1)(__VA_ARGS__);
#define CN_CHANNEL_BLOCKS(N, F, ...)                                                               \
    do {                                                                                           \
        int64_t k = 0;                                                                             \
        CN_WIDTHS(CN_WIDTH_BLOCKS, N, F, __VA_ARGS__)                                              \
    } while (0)

#endif
