"""The exception for faults that the user can fix, and helpers for its messages."""

import difflib
import errno
from collections.abc import Iterable


class StudyError(Exception):
    """A fault that the user can fix. The message names the key or file, the fault and the way out."""


def is_full(error: BaseException) -> bool:
    """Return whether an error means that the device, or the user's quota, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def nearest(name: object, valid: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for a misspelled name, otherwise the list of valid names.

    >>> nearest("sqeezenet", ["squeezenet", "vgg16"])
    "; did you mean 'squeezenet'?"
    >>> nearest("zzz", ["b", "a"])
    '; valid: a, b'
    """
    names = sorted(valid)
    found = difflib.get_close_matches(str(name), names, n=1)
    if found:
        return f"; did you mean {found[0]!r}?"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; valid: {shown}" if names else "; there are none"
