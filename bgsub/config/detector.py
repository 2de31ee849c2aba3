"""The section of the configuration about what is around the mixture."""

from __future__ import annotations

from typing import Literal

from bgsub.config._fields import Section, key

__all__ = ["DetectorConfig"]


class DetectorConfig(Section):
    """What turns the model's distances into masks; each part can be switched off."""

    method: Literal["robust", "classic"] = key(
        "robust",
        "The model with all the parts below, or the published one, which has none of them.",
    )
    dark_threshold: float = key(
        0.2,
        "Match threshold at black, as a share of that from mid-grey on: contrast shrinks with "
        "the light; 1 is off.",
        raising="less noise in the dark, dark objects are lost",
        gt=0.0,
        le=1.0,
    )
    calm_threshold: float = key(
        0.65,
        "Match threshold where the background keeps still and the sensor is clean, as a share "
        "of that where it strays; 1 is off.",
        raising="less noise, faint objects are lost",
        gt=0.0,
        le=1.0,
    )
    smooth_evidence: bool = key(
        True,
        "Average how far pixels are from their background over their neighbourhood, along the "
        "picture's edges, before deciding.",
    )
    hysteresis: float = key(
        0.08,
        "Background becomes foreground above 1 + this many match thresholds, and foreground "
        "background below 1 - this many; 0 is off.",
        raising="masks flicker less and follow later",
        ge=0.0,
        lt=1.0,
    )
    foreground_learning: float = key(
        0.02,
        "Learning rate of foreground, as a share of that of background; 1 is off.",
        raising="objects that stop vanish sooner",
        ge=0.0,
        le=1.0,
    )
    ghost_after_s: float | None = key(
        0.6,
        "Foreground that stays this long is examined: if its outline is in the background and "
        "not in the picture, it is a ghost, and is learnt at once, whole regions on an old "
        "background after twice that; empty: never.",
        raising="ghosts stay longer",
        ge=0.0,
    )
    parked_after_s: float | None = key(
        2.0,
        "Where the background is known before the first frame, from looking ahead or from a "
        "model: what stands in that frame and has kept still for so long is part of the scene "
        "until it moves; empty: never.",
        raising="what is parked at the beginning is shown for longer",
        ge=0.0,
    )
    blinking_gain: float = key(
        4.0,
        "How much more a pixel must differ from its background where the background moves, as "
        "leaves and water do; 0 is off.",
        raising="less noise from leaves and water, small objects before them are lost",
        ge=0.0,
    )
    stabilise: bool = key(True, "Follow a camera that shakes.")
    compensate_light: bool = key(
        True,
        "Follow a change of light or exposure of the whole picture, and learn at once what "
        "changes without an edge, as under a cloud's shadow.",
    )
    relearn_coverage: float = key(
        0.7,
        "Learn the scene anew when more than this share of the frame stays foreground for half "
        "a second; 1 is off.",
        raising="only greater changes count as another scene",
        gt=0.0,
        le=1.0,
    )
    find_cast_shadows: bool = key(
        True,
        "Label the parts of an object that look like the shadow it casts, or at night like the "
        "light of its lamps, as shadow.",
    )
    look_ahead_s: float = key(
        30.0,
        "Recorded clips: look through so many seconds first, so that what stands there at the "
        "beginning and leaves later is neither missed nor a ghost; 0 is off.",
        raising="what leaves later is seen from the start; takes longer to begin",
        ge=0.0,
        le=3600.0,
    )
