"""Times as people read them."""

from __future__ import annotations

__all__ = ["timecode"]


def timecode(seconds: float) -> str:
    """Return `seconds` as ``HH:MM:SS.mmm``, rounded to the nearest millisecond.

    Examples
    --------
    >>> timecode(83.4567)
    '00:01:23.457'
    """
    sign = "-" if seconds < 0 else ""
    total_s, ms = divmod(round(abs(seconds) * 1000), 1000)
    minutes, s = divmod(total_s, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours:02d}:{minutes:02d}:{s:02d}.{ms:03d}"
