"""attack_folder: where malformed files are written."""

import os


def choose_folder() -> str | None:
    """Return a folder in memory, where there is one: a million files are not for a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
