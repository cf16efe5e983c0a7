/* Short names for vectors of VW floats, and NAME for functions of blocks of NV of them (default: 1), until
 * isa/vector_end.h. A template is a file that uses these names and is included once per width, by isa/template.h or
 * isa/each_width.h. */
#ifndef NV
#define NV 1
#endif
#define NAME(f) CN_NAME(f, VW, NV)
#define VEC CN_PASTE(cn_v, VW)
#define MASK CN_PASTE(cn_i, VW)
#define VLOAD CN_PASTE(cn_load, VW)
#define VSTORE CN_PASTE(cn_store, VW)
#define VSET CN_PASTE(cn_set, VW)
#define VFMA CN_PASTE(cn_fma, VW)
#define VRELU CN_PASTE(cn_relu, VW)
#define VGREATER CN_PASTE(cn_greater, VW)
#define VEQUAL CN_PASTE(cn_equal, VW)
#define VNAN CN_PASTE(cn_nan, VW)
#define VPICK CN_PASTE(cn_pick, VW)
#define VCHOOSE CN_PASTE(cn_choose, VW)
#define STORE_INTS CN_PASTE(cn_store_ints, VW)
#define FROM_BYTES CN_PASTE(cn_from_bytes, VW)
#define TO_BYTES CN_PASTE(cn_to_bytes, VW)
#define ADD_DOUBLES CN_PASTE(cn_add_doubles, VW)
