"""The parts of the robust detector, each of which can be switched off."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RobustParams"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustParams:
    """Parameters of :class:`bgsub.detection.RobustDetector`.

    Sizes in pixels refer to the working grid, which is as fine as the frames up to 719 lines
    and coarser by a whole factor above.

    Attributes
    ----------
    dark_threshold : float
        Match threshold at black, as a share of that from mid-grey on; 1 is the same for all.
    calm_threshold : float
        Match threshold where the background never strays, as a share of that where it does; 1
        is the same for all.
    smooth_evidence : bool
        Average the distance from the background over the neighbourhood, along the picture's
        edges, before deciding.
    hysteresis : float
        A background pixel becomes foreground above 1 + this many match thresholds, and a
        foreground pixel background below 1 - this many; 0 is off.
    foreground_learning : float
        Learning rate of foreground, as a share of that of background; 1 learns both alike.
    ghost_after_s : float or None
        Foreground that stays for this long is examined: if it has its outline in the
        background and not in the picture, it is a ghost, and is learnt at once.  None: never.
    parked_after_s : float or None
        Where the background is known before the first frame: what stands in it and has kept
        still for so long is part of the scene until it moves.  None: never.
    blinking_gain : float
        How much more a pixel that often blinks must differ from its background; 0 is off.
    stabilise : bool
        Follow a camera that shakes.
    compensate_light : bool
        Follow a change of light or exposure of the whole picture, and learn at once what
        changes without an edge.
    relearn_coverage : float
        When more than this share of the frame stays foreground for half a second, the scene
        is another one, and is learnt anew; 1 is off.
    find_cast_shadows : bool
        Label the parts of objects that look like their cast shadow, or in the dark like the
        light of their lamps.
    """

    dark_threshold: float
    calm_threshold: float
    smooth_evidence: bool
    hysteresis: float
    foreground_learning: float
    ghost_after_s: float | None
    parked_after_s: float | None
    blinking_gain: float
    stabilise: bool
    compensate_light: bool
    relearn_coverage: float
    find_cast_shadows: bool
