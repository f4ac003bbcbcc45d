"""cli: the program ``nnfast``; also ``python -m nnfast``. Needs what pip install "nnfast[cli]" brings."""

import sys


def main() -> None:
    """Run the program with the arguments of the process; never returns."""
    try:
        from nnfast.cli.program import program
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("click", "rich"):
            raise
        sys.stderr.write(f'error: the command line needs {package}: pip install "nnfast[cli]"\n')
        sys.exit(2)
    program()
