"""The mixture core: NumPy and Numba only, no input or output but the model's own file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bgsub.mixture.params import SCORE_UNIT, MixtureParams

if TYPE_CHECKING:
    from bgsub.mixture.model import MixtureModel

__all__ = ["SCORE_UNIT", "MixtureModel", "MixtureParams"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute may be anything
    # The configuration needs the parameters only: loading the compiler takes long.
    if name == "MixtureModel":
        from bgsub.mixture.model import MixtureModel

        return MixtureModel
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
