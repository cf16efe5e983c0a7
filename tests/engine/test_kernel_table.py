"""Single entries of the kernel tables, without a plan: what each writes, and that it writes nothing else."""

import numpy as np
import pytest
from kernel_cases import cases
from kernel_memory import Memory, Run
from netcheck import ISAS

from convnet.engine import STAGES, Context, aligned_zeros
from convnet.engine._program import run_stage

CASES = cases()


def assert_close(got, want, case, what):
    """All bits, or what the tolerance of the case allows; NaN where the other has it."""
    if case.tolerance == 0:
        return np.testing.assert_array_equal(got, want, err_msg=what)
    scale = np.nanmax(np.abs(want), initial=1.0)
    bounds = dict(rtol=case.tolerance, atol=case.tolerance * scale)
    np.testing.assert_allclose(got, want, **bounds, err_msg=what)


def test_every_stage_has_a_case():
    assert {stage for make in CASES.values() for stage in make().stages} == set(STAGES)


@pytest.mark.parametrize("name", CASES)
def test_entries_write_what_they_should(name):
    """What the float64 definitions say, where there are any; and what the scalar table writes, to the last NaN."""
    case, scalar = CASES[name](), None
    for isa in ISAS:
        run = Run(case.memory, isa, case.operations, case.stages)
        for what, (place, want) in case.expected.items():
            assert_close(run.read(place), want.astype(np.float32), case, f"{isa}: {what}")
        scalar = scalar or run.areas()
        for area, got in run.areas().items():
            assert_close(got, scalar[area], case, f"{isa}: {area}")


def test_the_work_of_stages():
    """A backward stage of a layer with parameters computes two gradients. Others are left out without the second."""
    for name, stage in STAGES.items():
        if name.endswith("_bwd"):
            by_lanes = stage.family in (
                "conv",
                "prelu",
                "groupnorm",
            )  # whose parameters it computes the gradient of
            assert stage.work == ("twice" if by_lanes else "gradient"), name
        elif name.endswith("_data"):
            assert stage.work == "gradient", name
        elif name.endswith("_fwd") or name.endswith("_input"):
            assert stage.work == "once", name
        elif name.startswith("update_") or name == "reduce" or name.endswith("_finish"):
            assert stage.work == "lanes", name
        elif stage.packs or stage.family == "maps":
            assert stage.work == ("augment" if name in ("augment", "mix") else "none"), name
    corrected = {name for name, stage in STAGES.items() if stage.needs_corrected_rate}
    assert corrected == {"update_adam", "update_adamw"}


def door(stage, operations):
    room = aligned_zeros(64)
    return run_stage("scalar", stage, operations, Context(), room, room)


def test_wrong_calls_are_refused():
    map_ = Memory().blank(1, 1, 1, 1)
    with pytest.raises(ValueError, match="no kernel stage is called 'conv3d'"):
        door("conv3d", [("conv", {})])
    with pytest.raises(ValueError, match="of family 'conv'; the operation of 'pool'"):
        door("conv2d_fwd", [("pool", {})])
    with pytest.raises(ValueError, match="of family 'maps'; the operation of 'update'"):
        door("halo", [("update", {})])
    with pytest.raises(ValueError, match="pool operations have no parameter groups"):
        door("maxpool_fwd", [("pool", dict(src=map_, groups=1))])
    with pytest.raises(ValueError, match="one operation or two; got 3"):
        door("halo", [("maps", {})] * 3)
