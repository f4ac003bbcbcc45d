"""atomic_write: a file that after a crash is the old or the new one, never a part."""

import contextlib
import errno
import os
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file by way of a temporary one in the same folder: fsync, rename, fsync of the folder.

    A link stays: what it leads to is written.

    Raises
    ------
    OSError
        What was there before is untouched then, and nothing else is left behind; or the new file is whole in its place,
        if of all only fsync of the folder fails.
    """
    name, target = os.fspath(path), Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder to write to does not exist", name)
    if target.exists() and not target.is_file():
        raise FileExistsError(errno.EEXIST, "expected a file or none to write, received a folder or a device", name)
    # Its name is known before it is there: Ctrl-C may come at any time.
    temporary = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno:  # it names the temporary one, or none
            raise OSError(error.errno, error.strerror, name) from error
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # where folders cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
