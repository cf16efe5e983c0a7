"""matplotlib, which only drawing needs."""


def pyplot(caller):
    """Return ``matplotlib.pyplot``.

    Parameters
    ----------
    caller : str
        What needs it, for the message.

    Returns
    -------
    pyplot : module

    Raises
    ------
    ImportError
        matplotlib is not installed; the message says what brings it.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(f'{caller} needs matplotlib: pip install "convnet[plot]"') from None
    return plt
