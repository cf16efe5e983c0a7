"""Memory that buffers share in prediction."""

from itertools import combinations

from hypothesis import given, strategies as st

from convnet.graph.layout import Buffer, share

lifetimes = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 6)), min_size=1, max_size=12
).map(
    lambda pairs: [
        (Buffer((1, 1, size)), first, first + length) for first, (size, length) in enumerate(pairs)
    ]
)


@given(lifetimes)
def test_buffers_that_are_wanted_together_do_not_overlap(lifetimes):
    offsets, floats = share(lifetimes)
    placed = list(zip(offsets, lifetimes, strict=True))
    for (one, (a, begun_a, read_a)), (two, (b, begun_b, read_b)) in combinations(placed, 2):
        together = begun_a <= read_b and begun_b <= read_a
        assert not (together and one < two + b.floats and two < one + a.floats)
    assert floats == max(offset + buffer.floats for offset, (buffer, *_) in placed)


def test_a_chain_takes_what_its_widest_neighbours_take():
    sizes = [160, 320, 64, 96, 400, 16]
    chain = [(Buffer((1, 1, size)), i, i + 1) for i, size in enumerate(sizes)]
    assert share(chain)[1] == 96 + 400
