"""What a user of an exported net reads: the header, the Makefile, the file that embeds the weights, and an example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convnet._version import __version__
from convnet.model_io.c_source.kernels import FOLDER
from convnet.model_io.c_source.targets import compiler_flags

if TYPE_CHECKING:
    from convnet.model_io.c_source.net import ExportedNet

HEADER = """\
/* {name}: {about}
 *
 * Written by convnet {version}. Compile {name}.c and, to embed the weights, {name}_weights.c:
 *
 *     {command}
 *
 * The code calls only memcpy, memset and functions of math.h. It allocates nothing, starts no threads and keeps no
 * state, so several threads may predict at once if each has its own scratch memory.
 */
#ifndef {macro}_H
#define {macro}_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define {macro}_X_SIZE {x_size} /* values of x */
#define {macro}_Y_SIZE {y_size} /* values of y */
#define {macro}_WEIGHTS_BYTES {weights_bytes}
#define {macro}_SCRATCH_BYTES {scratch_bytes}

/* What {name}_predict returns. */
enum {{
    {macro}_OK,
    {macro}_INPUT_NOT_FINITE,  /* x has a NaN, an infinity, or a value too large for float */
    {macro}_OUTPUT_NOT_FINITE, /* values of the net are too large for float */
    {macro}_MISALIGNED         /* weights or scratch; see below */
}};
{classes}
/* Bytes of scratch memory: {macro}_SCRATCH_BYTES. */
size_t {name}_scratch_size(void);

/* Predict one sample.
 *
 *   weights  the content of {name}_weights.bin, {macro}_WEIGHTS_BYTES bytes at a multiple of 4 (faster: 64)
 *   scratch  {macro}_SCRATCH_BYTES bytes at a multiple of 8 (faster: 64), in any state; a call overwrites them
 *   x        {x_about}
 *   y        {y_about}
 *
 * Returns {macro}_OK (0), or what is wrong; y is then undefined.
 */
int {name}_predict(const float *weights, void *scratch, const {x_type} *x, {y_type} *y);

/* The weights, if {name}_weights.c is linked. */
extern const float {name}_weights[{macro}_WEIGHTS_BYTES / 4];

#ifdef __cplusplus
}}
#endif

#endif
"""

CLASSES = """
/* The classes, in the order of y. */
#define {macro}_N_CLASSES {n}
#if defined(__GNUC__)
__attribute__((unused))
#endif
static const char *const {name}_classes[{macro}_N_CLASSES] = {{
{strings}}};
"""

EMBEDDED = """\
/* Embeds {name}_weights.bin. Pass -Wa,-IFOLDER if the file is not in the current folder. */
#include "{name}.h"

#if defined(__APPLE__)
#define SECTION ".section __TEXT,__const\\n"
#else
#define SECTION ".section .rodata\\n"
#endif
#define STRING_(a) #a
#define STRING(a) STRING_(a)
#define SYMBOL STRING(__USER_LABEL_PREFIX__) "{name}_weights"
#if defined(__ELF__) /* a program that finds the weights in a shared library needs their size */
#define TYPE ".type " SYMBOL ", %object\\n"
#define SIZE ".size " SYMBOL ", . - " SYMBOL "\\n"
#else
#define TYPE ""
#define SIZE ""
#endif

__asm__(SECTION ".balign 64\\n"
        ".globl " SYMBOL "\\n" TYPE SYMBOL ":\\n"
        ".incbin \\"{name}_weights.bin\\"\\n"
        SIZE ".text\\n");
"""

MAKEFILE = """\
# make           builds the example
# make CC=clang  with another compiler
CFLAGS ?= -O2
FLAGS = {flags} -I{folder}

example: example.o {name}.o {name}_weights.o
	$(CC) $(CFLAGS) $(FLAGS) $^ -lm -o $@

%.o: %.c {name}.h
	$(CC) $(CFLAGS) $(FLAGS) -c $< -o $@

{name}_weights.o: {name}_weights.bin

clean:
	rm -f example *.o

.PHONY: clean
"""

EXAMPLE = """\
/* Reads samples from a file, one after the other, and prints y of each: {y_short}.
 *
 *     ./example samples.bin
 *
 * In Python, X.astype("{dtype}").tofile("samples.bin") writes such a file.
 */
#include "{name}.h"

#include <stdio.h>

static _Alignas(64) unsigned char scratch[{macro}_SCRATCH_BYTES];
static {x_type} x[{macro}_X_SIZE];
static {y_type} y[{macro}_Y_SIZE];

int main(int argc, char **argv) {{
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file) {{
        fprintf(stderr, "usage: %s samples.bin\\n", argv[0]);
        return 2;
    }}
    while (fread(x, sizeof x, 1, file) == 1) {{
        const int error = {name}_predict({name}_weights, scratch, x, y);
        if (error) {{
            fprintf(stderr, "{name}_predict: error %d\\n", error);
            return 1;
        }}
        for (int k = 0; k < {macro}_Y_SIZE; k++) printf(k ? " %.17g" : "%.17g", (double)y[k]);
{show}        printf("\\n");
    }}
    fclose(file);
    return 0;
}}
"""

BEST = """\
        int best = 0;
        for (int k = 1; k < {macro}_Y_SIZE; k++)
            if (y[k] > y[best]) best = k;
        printf(" %s", {name}_classes[best]);
"""

AXES = {1: ("features",), 2: ("length", "channels"), 3: ("height", "width", "channels")}


def header(net: ExportedNet, about: str) -> str:
    """Return the header. `about` says in a few words what the net is."""
    name, macro = net.name, net.name.upper()
    classes = ""
    if net.outputs.classes is not None:
        strings = "".join(f"    {_c_string(label)},\n" for label in net.outputs.classes)
        classes = CLASSES.format(
            name=name, macro=macro, n=len(net.outputs.classes), strings=strings
        )
    return HEADER.format(
        name=name,
        macro=macro,
        about=about,
        version=__version__,
        command=f"cc -O2 {compiler_flags(net.isa)} -I{FOLDER} -c {name}.c {name}_weights.c",
        x_size=_size(net),
        y_size=net.outputs.size,
        weights_bytes=net.weights.nbytes,
        scratch_bytes=net.scratch_bytes,
        classes=classes,
        x_about=_about_x(net),
        y_about=f"{net.outputs.size} values: {net.outputs.meaning}",
        x_type=net.c_type,
        y_type=net.outputs.c_type,
    )


def embedded_weights(net: ExportedNet) -> str:
    """Return the C file that embeds the weights."""
    return EMBEDDED.format(name=net.name)


def makefile(net: ExportedNet) -> str:
    """Return the Makefile."""
    return MAKEFILE.format(name=net.name, flags=compiler_flags(net.isa), folder=FOLDER)


def example(net: ExportedNet) -> str:
    """Return the example."""
    name, macro = net.name, net.name.upper()
    best = net.outputs.best
    return EXAMPLE.format(
        name=name,
        macro=macro,
        x_type=net.c_type,
        y_type=net.outputs.c_type,
        dtype=net.input_format.dtype,
        y_short=net.outputs.meaning + (", then the most likely class" if best else ""),
        show=BEST.format(name=name, macro=macro) if best else "",
    )


def _size(net: ExportedNet) -> int:
    size = 1
    for side in net.x_shape:
        size *= side
    return size


def _about_x(net: ExportedNet) -> str:
    axes = AXES[len(net.x_shape)]
    if net.input_format.data_format == "channels_first":
        axes = (axes[-1], *axes[:-1])
    sides = " x ".join(map(str, net.x_shape))
    about = f"{sides} values ({' x '.join(axes)}), as in X of fit"
    return f"{about}; the bits of IEEE half-precision numbers" if net.dtype == "f2" else about


def _c_string(text: str) -> str:
    """Return a C string in UTF-8. It has no trigraphs, and no escape swallows a digit behind it."""
    octal = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", errors="surrogateescape")
    )
    return f'"{octal}"'
