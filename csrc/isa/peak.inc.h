/* Twelve independent chains of multiply-adds in registers: the peak of this instruction set. */
#ifndef CN_ISA_PEAK_INC_H
#define CN_ISA_PEAK_INC_H

#include "isa/simd.h"

static double fma_chain(int64_t steps) {
#define VW CN_LANES
#include "isa/vector.h"
    VEC chain[12];
    const VEC factor = VSET(0.999f);
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) chain[i] = VSET((float)i);
    for (int64_t step = 0; step < steps; step++) {
#pragma GCC unroll 12
        for (int i = 0; i < 12; i++) {
            chain[i] = VFMA(chain[i], factor, factor);
#if defined(__x86_64__)
            __asm__ volatile("" : "+x"(chain[i])); /* keep each chain and its order */
#elif defined(__aarch64__)
            __asm__ volatile("" : "+w"(chain[i]));
#endif
        }
    }
    volatile float sink = 0.0f;
    VEC sum = chain[0];
#pragma GCC unroll 12
    for (int i = 1; i < 12; i++) sum += chain[i];
    sink += ((const float *)&sum)[0];
#include "isa/vector_end.h"
    return (double)steps * 12 * CN_LANES * 2;
}

#endif
