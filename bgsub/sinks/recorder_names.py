"""Names of recordings: a template, the wall clock, and what tells them from other files."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from bgsub.addresses import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

__all__ = ["MARK", "NameTemplate", "source_slug"]

MARK = b"bgsub recording"
"""What stands near the beginning of every file that this program may remove again."""

_SUFFIXES = (".mkv", ".overlay.mkv", ".mask.mkv", ".jpg")
_MAX_SLUG = 60
_CODE = re.compile(r"%[-_0^#]?[A-Za-z%]")
_DIGITS = frozenset("dHIjmMSUVWwyYGuf")


def source_slug(name: str) -> str:
    """Return the name of a source as part of a file name.

    Examples
    --------
    >>> source_slug("rtsp://admin:secret@10.0.0.7:554/live/1")
    '10.0.0.7-554-live-1'
    >>> source_slug("/dev/video0"), source_slug("../../..")
    ('dev-video0', 'camera')
    """
    plain = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]+://", "", without_secrets(name))
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")
    return slug[:_MAX_SLUG].rstrip("-._") or "camera"


class NameTemplate:
    """Names of one source's files in one folder.

    Parameters
    ----------
    folder : Path
        Where they are.
    template : str
        A relative path without suffix: strftime's codes in local time, ``{source}`` and
        ``{event}``; the configuration has made sure that it stays in the folder.
    source : str
        Name of the source.
    """

    def __init__(self, folder: Path, template: str, source: str) -> None:
        self.folder = folder
        self.depth = template.count("/")
        self._template = template
        self._source = source_slug(source)
        self._pattern = re.compile(self._expression())

    def paths(self, at: datetime, event: str) -> Iterator[Path]:
        """Return the name of a file, then the same with rising numbers, without end.

        Parameters
        ----------
        at : datetime
            Wall-clock time of its beginning, with its time zone.
        event : str
            What ``{event}`` stands for.

        Yields
        ------
        Path
            Without suffix.
        """
        stem = at.astimezone().strftime(self._template)
        stem = stem.replace("{event}", event).replace("{source}", self._source)
        yield self.folder / stem
        for number in count(2):
            yield self.folder / f"{stem}-{number}"

    def is_ours(self, relative: str) -> bool:
        """Tell whether a path within the folder is one that :meth:`paths` may give.

        Parameters
        ----------
        relative : str
            With forward slashes, and with its suffix.
        """
        return self._pattern.fullmatch(relative) is not None

    def _expression(self) -> str:
        parts: list[str] = []
        at = 0
        for field in re.finditer(rf"{_CODE.pattern}|\{{event\}}|\{{source\}}", self._template):
            parts += [re.escape(self._template[at : field.start()]), self._field(field[0])]
            at = field.end()
        parts.append(re.escape(self._template[at:]))
        suffixes = "|".join(re.escape(suffix) for suffix in _SUFFIXES)
        return "".join(parts) + rf"(-\d+)?({suffixes})"

    def _field(self, field: str) -> str:
        if field == "{event}":
            return r"(\d+|always|manual)"
        if field == "{source}":
            return re.escape(self._source)
        if field[-1] == "%":
            return "%"
        return r"[ \d]+" if field[-1] in _DIGITS else r"[^/]*"
