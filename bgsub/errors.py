"""Every error that bgsub raises on purpose.

The tree::

    BgsubError                  exit code 1: the run failed
    ├── ConfigError             exit code 2: the configuration is wrong
    ├── UsageError              exit code 2: the command line is wrong
    │   └── OutputExistsError
    ├── FrameShapeError         also a ValueError
    ├── ModelFileError
    ├── PictureError            also a ValueError
    ├── SourceError
    │   ├── SourceOpenError
    │   └── DecodeError
    └── SinkError
        ├── SinkOpenError
        └── SinkWriteError

A message is one sentence that says what is wrong and what to do about it: the command line
prints it as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BgsubError",
    "ConfigError",
    "DecodeError",
    "FrameShapeError",
    "ModelFileError",
    "OutputExistsError",
    "PictureError",
    "SinkError",
    "SinkOpenError",
    "SinkWriteError",
    "SourceError",
    "SourceOpenError",
    "UsageError",
]


class BgsubError(Exception):
    """Root of all errors raised by bgsub.

    Attributes
    ----------
    exit_code : int
        What the command line returns when this error ends it.
    """

    exit_code: ClassVar[int] = 1


class ConfigError(BgsubError):
    """A configuration is wrong; all its mistakes are reported at once.

    Parameters
    ----------
    origin : str
        Where the configuration came from: a file, ``--set``, or a call.
    problems : sequence of str
        One line for each mistake, beginning with the dotted path of the key.
    """

    exit_code = 2

    def __init__(self, origin: str, problems: Sequence[str]) -> None:
        self.origin = origin
        self.problems = tuple(problems)
        super().__init__(f"{origin}: " + "; ".join(self.problems))


class UsageError(BgsubError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class OutputExistsError(UsageError):
    """An output would overwrite a file that is already there."""


class FrameShapeError(BgsubError, ValueError):
    """A frame's shape, type or declared range does not fit the model."""


class ModelFileError(BgsubError):
    """A saved model cannot be read: not a model, damaged, or of another version."""


class PictureError(BgsubError, ValueError):
    """A still picture cannot be segmented as asked."""


class SourceError(BgsubError):
    """Frames cannot be had from a source."""


class SourceOpenError(SourceError):
    """A source cannot be opened, or holds no pictures."""


class DecodeError(SourceError):
    """A source broke off: what was read up to there is good.

    Parameters
    ----------
    message : str
        The sentence for the user.
    at_s : float
        Stream time of the break in seconds.
    """

    def __init__(self, message: str, *, at_s: float) -> None:
        super().__init__(message)
        self.at_s = at_s


class SinkError(BgsubError):
    """An output cannot be written."""


class SinkOpenError(SinkError):
    """An output cannot be created."""


class SinkWriteError(SinkError):
    """Writing an output failed after it was created, for example on a full disk."""
