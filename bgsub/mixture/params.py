"""The parameters of the mixture model, and the choices the paper leaves open."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_COMPONENTS", "MixtureParams"]

MAX_COMPONENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureParams:
    """Parameters of :class:`bgsub.MixtureModel`.

    Variances are in squared grey levels of an 8-bit picture (0 to 255) whatever the type of
    the frames: other types are mapped to that range through `max_value`.

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
        Variance of a new component.
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
    """

    n_components: int = 3
    learning_rate: float = 0.003
    time_constant_s: float | None = None
    initial_learning_rate: float = 0.01
    warmup_frames: int = 200
    background_threshold: float = 0.7
    match_sigmas: float = 2.5
    initial_variance: float = 225.0
    min_variance: float = 100.0
    initial_weight: float = 0.05
    max_value: float | None = None
    detect_shadows: bool = False
    shadow_min_ratio: float = 0.5
