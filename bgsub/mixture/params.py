"""The parameters of the mixture model, and the choices the paper leaves open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bgsub.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_COMPONENTS", "SCORE_UNIT", "MixtureParams"]

MAX_COMPONENTS = 8
SCORE_UNIT = 85
"""The score of a pixel as far from its background as `match_sigmas` allows."""

_MAX_VARIANCE = 16384.0
_ORIGIN = "MixtureParams"


def _number(
    low: float, high: float = math.inf, *, ends: str = "()", optional: bool = False
) -> tuple[Callable[[object], bool], str]:
    """Return a test for finite numbers between two limits, and its wording.

    `ends` says as in mathematics whether the limits themselves are allowed.
    """

    def good(value: object) -> bool:
        if value is None:
            return optional
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        above = value >= low if ends[0] == "[" else value > low
        below = value <= high if ends[1] == "]" else value < high
        return above and below

    first = "from" if ends[0] == "[" else "above"
    last = "to" if ends[1] == "]" else "below"
    wording = f"a number {first} {low:g}" + (f" {last} {high:g}" if high < math.inf else "")
    return good, wording


def _count(low: int, high: float = math.inf) -> tuple[Callable[[object], bool], str]:
    """Return a test for whole numbers between two limits, inclusive, and its wording."""

    def good(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return good, f"a whole number from {low}" + (f" to {high:g}" if high < math.inf else "")


_LIMITS = {
    "n_components": _count(1, MAX_COMPONENTS),
    "learning_rate": _number(0, 1, ends="[]"),
    "time_constant_s": _number(0, optional=True),
    "initial_learning_rate": _number(0, 1, ends="[]"),
    "warmup_frames": _count(0),
    "background_threshold": _number(0, 1),
    "match_sigmas": _number(0, 1000),
    "initial_variance": _number(0, _MAX_VARIANCE, ends="(]"),
    "min_variance": _number(0, _MAX_VARIANCE, ends="(]"),
    "initial_weight": _number(0, 1),
    "max_value": _number(0, optional=True),
    "detect_shadows": (lambda value: isinstance(value, bool), "true or false"),
    "shadow_min_ratio": _number(0, 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureParams:
    """Parameters of :class:`bgsub.MixtureModel`.

    Variances are in squared grey levels of an 8-bit picture (0 to 255) whatever the type of
    the frames: other types are mapped to that range through `max_value`.

    Raises
    ------
    ConfigError
        If values are out of range; all of them are named at once.

    Attributes
    ----------
    n_components : int
        Gaussians per pixel (K), 1 to 8.
    learning_rate : float
        Share of the newest frame in the model (alpha), per frame, 0 to 1.  0 classifies only.
    time_constant_s : float or None
        If given, replaces `learning_rate`: after this many seconds of stream time the past
        weighs 1/e, ``alpha = 1 - exp(-elapsed / time_constant_s)``.
    initial_learning_rate : float
        Rate at the first frame; it falls linearly to the steady rate over `warmup_frames`.
    warmup_frames : int
        Length of that fall in frames; 0 has no warm-up.
    background_threshold : float
        Share of the weights that must be background (T), 0 to 1: the first B components in
        the order of weight/sigma whose weights exceed it are background.
    match_sigmas : float
        A component matches within this many standard deviations (lambda), by the
        root-mean-square distance over the channels.
    initial_variance : float
        Variance of a new component; `min_variance` if that is larger.
    min_variance : float
        Floor below which no variance is learnt.
    initial_weight : float
        Weight of a component that replaces the least fit one, before renormalising.
    max_value : float or None
        The value that means white.  None: 255 for uint8, 65535 for uint16; float32 frames
        need it given.
    detect_shadows : bool
        Label as shadow (127) the foreground that is a darker shade of the background.
    shadow_min_ratio : float
        The darkest shade that still counts as shadow, relative to the background, 0 to 1.

    Notes
    -----
    The paper [1]_ leaves choices open.  These are made here, for every user alike:

    *Learning rate of a component.*  ``rho = alpha``.  The paper has ``alpha * eta(x)``, a
    density that makes rho so small that means hardly follow.

    *Distance.*  One distance over all channels, ``sum((x - mean)²) / C`` against
    ``match_sigmas² * variance``; a component has one variance, shared by its channels.

    *Variance update.*  With the old mean, ``v + rho * (sum((x - old mean)²) / C - v)``, and
    no lower than `min_variance`.

    *Order.*  By weight/sigma, compared as weight²/variance.  Equal ones are not ahead of
    each other, and the one with the lower number is taken.

    *No match.*  The last component gets the value as its mean, `initial_variance` and
    `initial_weight`; the other weights fade by ``1 - alpha`` as in every frame.

    *Weights.*  That of the first component is what the others leave of 1.

    *Precision.*  The state is kept in 16-bit integers: means in 1/128 grey level, weights in
    1/65535, variances in 1/16 squared grey level summed over the channels.  Products with the
    learning rate are rounded by a dither that depends on the number of the frame only, so
    that slow learning is exact in the mean.  Variances are cut at
    ``(128 / match_sigmas)² / C``, and differences at 128 grey levels; a component that learnt
    moves at most one rank down a frame.

    *Label.*  From the state before the frame: a pixel that matched is background if the
    weights ahead of its component sum to at most `background_threshold`.

    *Start.*  A pixel's first value becomes its only component, with weight 1.

    *Shadow* (not in the paper).  After Prati et al. and Zivkovic: the value is within
    `match_sigmas` of ``a * mean`` of a background component, where ``a`` is the best fitting
    factor and lies between `shadow_min_ratio` and 1.  For grey every such shade qualifies.

    References
    ----------
    .. [1] C. Stauffer and W. E. L. Grimson, "Adaptive background mixture models for
       real-time tracking", CVPR 1999, section 2.1.
    """

    n_components: int = 3
    learning_rate: float = 0.003
    time_constant_s: float | None = None
    initial_learning_rate: float = 0.02
    warmup_frames: int = 200
    background_threshold: float = 0.7
    match_sigmas: float = 2.5
    initial_variance: float = 225.0
    min_variance: float = 100.0
    initial_weight: float = 0.001
    max_value: float | None = None
    detect_shadows: bool = False
    shadow_min_ratio: float = 0.5

    def __post_init__(self) -> None:
        """Check all values."""
        problems = [
            f"{name}: {getattr(self, name)!r} is not {wanted}"
            for name, (good, wanted) in _LIMITS.items()
            if not good(getattr(self, name))
        ]
        if problems:
            raise ConfigError(_ORIGIN, problems)

    def rate_at(self, n_learnt: int, elapsed_s: float | None) -> float:
        """Return the scheduled learning rate of a frame.

        Parameters
        ----------
        n_learnt : int
            Frames learnt before this one.
        elapsed_s : float or None
            Seconds of stream time since the previous frame; not used without
            `time_constant_s`.

        Returns
        -------
        float
            1 for the first frame, which has nothing to share the model with.

        Raises
        ------
        ConfigError
            If `elapsed_s` is needed and missing.
        """
        if n_learnt == 0:
            return 1.0
        steady = self.learning_rate
        if self.time_constant_s is not None:
            if elapsed_s is None:
                problem = (
                    "elapsed_s: give the seconds since the last frame with time_constant_s"
                )
                raise ConfigError(_ORIGIN, [problem])
            steady = -math.expm1(-elapsed_s / self.time_constant_s)
        if n_learnt >= self.warmup_frames:
            return steady
        passed = n_learnt / self.warmup_frames
        return self.initial_learning_rate + passed * (steady - self.initial_learning_rate)
