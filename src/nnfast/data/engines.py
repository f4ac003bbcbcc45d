"""engines: which of the libraries that can read a file is installed."""

from importlib.util import find_spec

from nnfast import _validation


def choose_engine(engine: str, engines: tuple[str, ...], purpose: str) -> str:
    """Choose the library that reads.

    Parameters
    ----------
    engine : str
        Its name, or "auto": the first that is installed.
    engines : tuple of str
        Those that can.
    purpose : str
        What needs them, for messages.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If `engine` is none of them, or not installed.
    ImportError
        If none is installed.
    """
    _validation.check_choice("engine", engine, ("auto", *engines))
    installed = [name for name in engines if find_spec(name)]
    if not installed:
        raise ImportError(f'{purpose} need {" or ".join(engines)}: pip install "nnfast[tables]"')
    if engine == "auto":
        return installed[0]
    if engine not in installed:
        raise _validation.mismatch("engine", f"one that is installed: {', '.join(installed)}", engine)
    return engine
