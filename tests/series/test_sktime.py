"""The adapter for sktime in docs/signals.md passes the checks of sktime, and its example reaches its score."""

import signals_page


def test_checks(adapter):
    from sktime.utils.estimator_checks import check_estimator

    results = check_estimator(adapter, raise_exceptions=True, verbose=False)
    assert len(results) > 100 and set(results.values()) == {"PASSED"}


def test_example(library):
    assert signals_page.run(f"In {library}", {}) == 1
