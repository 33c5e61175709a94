"""Files as they are read: regular ones alone, of a size that can be one of ours.

A pipe or a device in the place of a file would be waited for, or read, without an end.
"""

import errno
import hashlib
import os
import stat
from pathlib import Path

LARGEST = 1 << 30  # bytes that are read into memory


def open_regular(path: Path) -> int:
    """Open a file to be read.

    Raises
    ------
    OSError
        If it cannot be opened, or is no regular file.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    return handle


def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """Return the content of a file.

    Raises
    ------
    OSError
        If it cannot be read, is no regular file, or is larger than `most` bytes.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if content is None or len(content) > most:
        raise OSError(errno.EFBIG, f"is larger than {most:,} bytes", str(path))
    return content


def checksum(path: Path) -> str:
    """SHA-256 of a regular file.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
