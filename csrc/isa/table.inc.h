/* All kernel bodies and the table of them, for the instruction set of the including file (isa/). */
#include "convnet.h"
#include "layout.h"
#include "random/philox.h"
#include "isa/simd.h"

#include "activation/activation.inc.h"
#include "gemm/gemm.inc.h"

#include "norm/batchnorm.inc.h"

#include "norm/batchnorm_bwd.inc.h"
#include "norm/batchnorm_stats.inc.h"

#include "conv/conv2d.inc.h"
#include "conv/conv2d_bwd.inc.h"

#include "conv/planar_lines.inc.h"
#include "pool/planar_pool.inc.h"

#include "conv/planar.inc.h"

#include "conv/winograd_transform.inc.h"

#include "conv/winograd.inc.h"

#include "map/add.inc.h"
#include "dense/dense.inc.h"
#include "conv/depthwise.inc.h"
#include "pool/pool2d.inc.h"
#include "map/transfer.inc.h"

#include "norm/affine.inc.h"
#include "image/resample.inc.h"
#include "image/resize.inc.h"

#include "image/augment.inc.h"
#include "random/dropout.inc.h"
#include "map/pad.inc.h"
#include "loss/loss.inc.h"
#include "optimizer/optimizer.inc.h"
#include "isa/peak.inc.h"

#define CN_TABLE(NAME, LABEL)                                                                      \
    const cn_kernels NAME = {                                                                      \
        .name = LABEL,                                                                             \
        .fma_chain = fma_chain,                                                                    \
        .stage =                                                                                   \
            {                                                                                      \
                [CN_INPUT] = input,                                                                \
                [CN_AUGMENT] = augment,                                                            \
                [CN_OUTPUT] = output,                                                              \
                [CN_HALO] = halo,                                                                  \
                [CN_CONV2D_FWD] = conv2d_fwd,                                                      \
                [CN_CONV2D_BWD] = conv2d_bwd,                                                      \
                [CN_WINOGRAD_FWD] = winograd_fwd,                                                  \
                [CN_WINOGRAD_BWD] = winograd_bwd,                                                  \
                [CN_PLANAR_FWD] = planar_fwd,                                                      \
                [CN_PLANAR_BWD] = planar_bwd,                                                      \
                [CN_PACK_WINOGRAD] = pack_winograd,                                                \
                [CN_WINOGRAD_WEIGHTS] = winograd_weights,                                          \
                [CN_DEPTHWISE_FWD] = depthwise_fwd,                                                \
                [CN_DEPTHWISE_BWD] = depthwise_bwd,                                                \
                [CN_MAXPOOL_FWD] = maxpool_fwd,                                                    \
                [CN_MAXPOOL_BWD] = maxpool_bwd,                                                    \
                [CN_AVGPOOL_FWD] = avgpool_fwd,                                                    \
                [CN_AVGPOOL_BWD] = avgpool_bwd,                                                    \
                [CN_ACTIVATION_FWD] = activation_fwd,                                              \
                [CN_ACTIVATION_BWD] = activation_bwd,                                              \
                [CN_DENSE_FWD] = dense_fwd,                                                        \
                [CN_DENSE_BWD] = dense_bwd,                                                        \
                [CN_DENSE_MASK] = dense_mask,                                                      \
                [CN_BATCHNORM_STATS] = batchnorm_stats,                                            \
                [CN_BATCHNORM_FWD] = batchnorm_fwd,                                                \
                [CN_BATCHNORM_SUMS] = batchnorm_sums,                                              \
                [CN_BATCHNORM_BWD] = batchnorm_bwd,                                                \
                [CN_BATCHNORM_PREDICT] = batchnorm_predict,                                        \
                [CN_DROPOUT_FWD] = dropout_fwd,                                                    \
                [CN_DROPOUT_BWD] = dropout_bwd,                                                    \
                [CN_CHANNEL_DROPOUT_FWD] = channel_dropout_fwd,                                    \
                [CN_CHANNEL_DROPOUT_BWD] = channel_dropout_bwd,                                    \
                [CN_ZEROPAD_FWD] = zeropad_fwd,                                                    \
                [CN_ZEROPAD_BWD] = zeropad_bwd,                                                    \
                [CN_AFFINE_INPUT] = affine_input,                                                  \
                [CN_AFFINE_FWD] = affine_fwd,                                                      \
                [CN_AFFINE_BWD] = affine_bwd,                                                      \
                [CN_RESIZE_INPUT] = resize_input,                                                  \
                [CN_RESIZE_FWD] = resize_fwd,                                                      \
                [CN_RESIZE_BWD] = resize_bwd,                                                      \
                [CN_ADD_FWD] = add_fwd,                                                            \
                [CN_ADD_BWD] = add_bwd,                                                            \
                [CN_FORK_BWD] = fork_bwd,                                                          \
                [CN_LOSS_SOFTMAX] = loss_softmax,                                                  \
                [CN_LOSS_SIGMOID] = loss_sigmoid,                                                  \
                [CN_LOSS_SQUARED_ERROR] = loss_squared_error,                                      \
                [CN_LOSS_ABSOLUTE_ERROR] = loss_absolute_error,                                    \
                [CN_LOSS_HUBER] = loss_huber,                                                      \
                [CN_GRADIENT_IN] = gradient_in,                                                    \
                [CN_GRADIENT_OUT] = gradient_out,                                                  \
                [CN_PACK_CONV2D] = pack_conv2d,                                                    \
                [CN_PACK_DENSE] = pack_dense,                                                      \
                [CN_PACK_BATCHNORM] = pack_batchnorm,                                              \
                [CN_PACK_AFFINE] = pack_affine,                                                    \
                [CN_PACK_RESIZE] = pack_resize,                                                    \
                [CN_DENSE_WIDE_FWD] = dense_wide_fwd,                                              \
                [CN_DENSE_WIDE_GRAD] = dense_wide_grad,                                            \
                [CN_DENSE_WIDE_WEIGHTS] = dense_wide_weights,                                      \
                [CN_BATCHNORM_FINISH] = batchnorm_finish,                                          \
                [CN_BATCHNORM_GRAD_FINISH] = batchnorm_grad_finish,                                \
                [CN_REDUCE] = reduce,                                                              \
                [CN_GRADIENT_NORM] = gradient_norm,                                                \
                [CN_CLIP] = clip,                                                                  \
                [CN_SGD] = sgd,                                                                    \
                [CN_ADAM] = adam,                                                                  \
                [CN_ADAMW] = adamw,                                                                \
                [CN_RMSPROP] = rmsprop,                                                            \
                [CN_MAX_NORM] = max_norm,                                                          \
            },                                                                                     \
    }
