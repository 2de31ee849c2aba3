"""What every section of the configuration is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Fraction", "Section", "key"]

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


def key(
    default: Any,  # noqa: ANN401 - as pydantic's Field
    meaning: str,
    *,
    raising: str = "",
    opencv: str = "",
    **limits: Any,  # noqa: ANN401 - as pydantic's Field
) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Return a field with its default, its meaning, the effect of raising it, and limits."""
    return Field(
        default=default,
        description=meaning,
        json_schema_extra={"raising": raising, "opencv": opencv},
        **limits,
    )


class Section(BaseModel):
    """A part of the configuration: frozen, strict, and without unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        # Most sections are only ever checked as parts of the whole.
        defer_build=True,
    )
