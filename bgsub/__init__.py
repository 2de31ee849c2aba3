"""Background subtraction for real-time video: a mixture of Gaussians for every pixel.

The public names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bgsub.config import Config
    from bgsub.errors import BgsubError, ConfigError, FrameShapeError, ModelFileError
    from bgsub.mixture import MixtureModel, MixtureParams

__version__ = "0.1.0"

__all__ = [
    "BgsubError",
    "Config",
    "ConfigError",
    "FrameShapeError",
    "MixtureModel",
    "MixtureParams",
    "ModelFileError",
]

_HOME = {
    "BgsubError": "bgsub.errors",
    "Config": "bgsub.config",
    "ConfigError": "bgsub.errors",
    "FrameShapeError": "bgsub.errors",
    "MixtureModel": "bgsub.mixture",
    "MixtureParams": "bgsub.mixture",
    "ModelFileError": "bgsub.errors",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public name stands for
    if name not in _HOME:
        msg = f"module 'bgsub' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
