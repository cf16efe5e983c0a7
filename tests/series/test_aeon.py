"""The adapter for aeon in docs/signals.md passes the checks of aeon, and its example reaches its score."""

import signals_page


def test_checks(adapter):
    from aeon.testing.estimator_checking import check_estimator

    results = check_estimator(adapter, raise_exceptions=True)
    assert len(results) > 20 and set(results.values()) == {"PASSED"}


def test_example(library):
    assert signals_page.run(f"In {library}", {}) == 1
