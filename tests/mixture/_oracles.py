"""The paper's model of pixels, with the parameters of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference.paper import Pixel

if TYPE_CHECKING:
    from bgsub.mixture import MixtureParams


def pixels_of_the_paper(params: MixtureParams, n: int) -> list[Pixel]:
    """Return n pixels that have seen nothing yet."""
    return [
        Pixel(
            n_components=params.n_components,
            background_threshold=params.background_threshold,
            match_sigmas=params.match_sigmas,
            initial_variance=params.initial_variance,
            min_variance=params.min_variance,
            initial_weight=params.initial_weight,
        )
        for _ in range(n)
    ]
