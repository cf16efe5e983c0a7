"""docs/signals.md: the programs that need no other library run. tests/series runs the others."""

import signals_page


def test_programs():
    found = {}
    titles = [title for title in signals_page.sections() if not title.startswith("In ")]
    assert sum(signals_page.run(title, found) for title in titles) == 1  # compares this score
    assert found["clf"].learning_rate.factor == 0.5
    assert found["padded"].shape == (3, 100, 2)
