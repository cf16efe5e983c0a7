"""The C file of an exported net: its operations as constants, and the function that predicts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from convnet._version import __version__
from convnet.engine import ACTIVATIONS, STAGES, complete_parameters
from convnet.model_io.c_source.kernels import FOLDER, dtype_names, file_of_stage
from convnet.model_io.c_source.targets import TARGETS

if TYPE_CHECKING:
    from convnet.model_io.c_source.net import ExportedNet, KernelCall

MAX_LABEL = 40  # characters of a layer's name in the name of a constant

GUARDS = """\
#if !defined(__GNUC__)
#error "{name}.c needs GCC or Clang."
#endif
#if defined(__FAST_MATH__) || __FINITE_MATH_ONLY__ || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__)
#error "Compile {name}.c without -ffast-math and its parts: they change results."
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__FP_FAST_FMAF) && !defined(__STRICT_ANSI__)
#error "Compile {name}.c with -std=c11: other modes of GCC fuse multiplications with additions, which changes results."
#endif
#if !defined(__clang__)
/* GCC warns of loops in calls that the constants below exclude. */
#pragma GCC diagnostic ignored "-Waggressive-loop-optimizations"
#endif
#if FLT_EVAL_METHOD != 0
#error "Compile {name}.c for arithmetic in float, such as -msse2 -mfpmath=sse: more digits change results."
#endif
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "{name}.c needs a little-endian processor, because {name}_weights.bin is little-endian."
#endif
"""


def net_source(net: ExportedNet) -> str:
    """Return the C file."""
    name, target = net.name, TARGETS[net.isa]
    guards = GUARDS.format(name=name)
    if net.isa != "scalar":
        flags = target.flags or "no flags for vectors"
        error = f"{name}.c was exported for {net.isa}: compile it with {flags}, and nothing wider."
        guards += f'#if !({target.condition})\n#error "{error}"\n#endif\n'
    includes = sorted({"convnet.h", *(file_of_stage(call.stage) for call in net.calls)})
    if net.outputs.classes is not None:
        includes.append("loss/probabilities.h")
    scalar = "#define CN_ISA_SCALAR\n" if net.isa == "scalar" else ""
    parts = [
        f'/* The net {name}, written by convnet {__version__}. {name}.h is the manual. */\n#include "{name}.h"\n\n'
        "#include <float.h>\n",
        guards,
        f"{scalar}#define CN_ISA {net.isa}\n"
        + "".join(f'#include "{FOLDER}/{path}"\n' for path in includes),
        "/* The operations. Offsets count floats: of maps in the scratch memory, of weights in the weights. */\n"
        + "".join(_constants(net)),
        _arrays(net),
        f"size_t {name}_scratch_size(void) {{ return {name.upper()}_SCRATCH_BYTES; }}\n",
        _predict(net),
    ]
    return "\n".join(part for part in parts if part)


def _label(net: ExportedNet, call: KernelCall) -> str:
    """Return the name of the constant that a call reads."""
    layer = re.sub(r"\W", "_", net.layers[call.operation], flags=re.ASCII)[:MAX_LABEL]
    part = "map" if _family(net, call) != net.operations[call.operation][0] else "op"
    return f"{part}{call.operation}_{layer}"


def _family(net: ExportedNet, call: KernelCall) -> str:
    return STAGES[call.stage].family


def _constants(net: ExportedNet) -> list[str]:
    """Return the definitions of all constants, in the order in which they are read."""
    found = {}
    for call in net.calls:
        family = _family(net, call)
        own, fields = net.operations[call.operation]
        if family != own:  # a stage that only moves data, on the maps of another operation
            fields = {key: fields[key] for key in ("src", "dst") if key in fields}
        values = complete_parameters(family, fields)
        lines = [
            f"    .{key} = {_value(key, value)},\n"
            for key, value in values.items()
            if _is_set(value)
        ]
        found[_label(net, call)] = (
            f"static const cn_{family}_params {_label(net, call)} = {{\n{''.join(lines)}}};\n"
        )
    return list(found.values())


def _is_set(value: Any) -> bool:
    return any(value.values()) if isinstance(value, dict) else bool(value)


def _value(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f".{field} = {number}" for field, number in value.items() if number)
            + "}"
        )
    if key == "activation":
        return f"CN_{ACTIVATIONS[value].upper()}"
    return repr(value)


def _arrays(net: ExportedNet) -> str:
    return "".join(
        f"static const double {key}[{len(values)}] = {{{', '.join(map(repr, values.tolist()))}}};\n"
        for key, values in net.outputs.constants.items()
    )


def _predict(net: ExportedNet) -> str:
    name, macro, outputs = net.name, net.name.upper(), net.outputs
    row, pixel, channel = net.x_strides
    lines = [
        f"int {name}_predict(const float *weights, void *scratch, const {net.c_type} *x, {outputs.c_type} *y) {{",
        f"    if ((uintptr_t)weights % 4 || (uintptr_t)scratch % 8) return {macro}_MISALIGNED;",
    ]
    finite = {
        "f4": "x[i] >= -FLT_MAX && x[i] <= FLT_MAX",
        "f8": "x[i] >= -(double)FLT_MAX && x[i] <= (double)FLT_MAX",
        "f2": "(x[i] & 0x7C00) != 0x7C00",
    }.get(net.dtype)
    if finite:
        lines += [
            f"    for (int i = 0; i < {macro}_X_SIZE; i++)",
            f"        if (!({finite})) return {macro}_INPUT_NOT_FINITE;",
        ]
    direct = not outputs.code
    result = "y" if direct else "out"
    lines.append("    float *const memory = scratch;")
    if not direct:
        lines.append(f"    float *const out = memory + {net.arena + net.scratch};")
    lines += [
        "    const cn_context context = {",
        "        .params = weights,",
        "        .packed = (float *)weights, /* kernels of a prediction only read them */",
        "        .n = 1,",
        "        .x = (const char *)x,",
        f"        .x_dtype = {dtype_names(net.dtype)[0]},",
        f"        .x_row = {row},",
        f"        .x_pixel = {pixel},",
        f"        .x_channel = {channel},",
        f"        .scale = (float){net.input_format.scale!r},",
        f"        .out = {result},",
        "    };",
        f"    const cn_task sample = {{.arena = memory, .scratch = memory + {net.arena}, .s1 = 1}};",
    ]
    if any(call.tasks for call in net.calls):
        lines.append(
            f"    cn_task block = {{.arena = memory, .scratch = memory + {net.arena}, .s1 = 1}};"
        )
    for call in net.calls:
        if call.tasks:
            lines.append(f"    for (block.number = 0; block.number < {call.tasks}; block.number++)")
            lines.append(f"        {call.stage}(&{_label(net, call)}, &context, &block);")
        else:
            lines.append(f"    {call.stage}(&{_label(net, call)}, &context, &sample);")
    last = net.operations[-1][1]["src"]
    size = last["h"] * last["w"] * last["c"]
    lines += [
        f"    for (int k = 0; k < {size}; k++)",
        f"        if (!({result}[k] >= -FLT_MAX && {result}[k] <= FLT_MAX)) return {macro}_OUTPUT_NOT_FINITE;",
        *(f"    {line}" for line in outputs.code),
        f"    return {macro}_OK;",
        "}",
    ]
    return "\n".join(lines) + "\n"
