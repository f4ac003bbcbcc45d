"""__main__: ``python -m nnfast`` is the program ``nnfast``."""

from nnfast.cli import main

if __name__ == "__main__":
    main()
