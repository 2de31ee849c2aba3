"""The configuration: one truth for names, defaults, ranges, units and help texts.

Every field carries its meaning, the effect of raising it and OpenCV's name for it.  The
template of ``bgsub config init``, the table in the README and ``config show`` are made from
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from bgsub.config._fields import Fraction, Section, key
from bgsub.config.detector import DetectorConfig
from bgsub.config.live import LiveConfig
from bgsub.config.recording import NotifyConfig, RecordingConfig
from bgsub.config.segmentation import SegmentationConfig
from bgsub.config.window import WindowConfig
from bgsub.mixture.params import MAX_COMPONENTS, MixtureParams

__all__ = [
    "SCAN_DEFAULTS",
    "Config",
    "EventsConfig",
    "InputConfig",
    "LiveConfig",
    "MaskConfig",
    "ModelConfig",
    "NotifyConfig",
    "OutputConfig",
    "RecordingConfig",
    "RegionsConfig",
    "RunConfig",
    "SegmentationConfig",
    "WindowConfig",
]

_DEFAULTS = MixtureParams()

Seconds = Annotated[float, Field(ge=0.0)]
Point = tuple[float, float]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3)]


class ModelConfig(Section):
    """The mixture of Gaussians kept for every pixel."""

    n_components: int = key(
        _DEFAULTS.n_components,
        "Gaussians per pixel (K).",
        raising="remembers more appearances of a pixel; slower",
        opencv="nmixtures",
        ge=1,
        le=MAX_COMPONENTS,
    )
    learning_rate: float = key(
        _DEFAULTS.learning_rate,
        "Share of the newest frame in the model, per frame; 0 classifies without learning.",
        raising="adapts sooner; objects that stop vanish sooner",
        opencv="learningRate, 1/history",
        ge=0.0,
        le=1.0,
    )
    time_constant_s: float | None = key(
        None,
        "Replaces learning_rate if set: after this many seconds the past weighs 1/e.",
        raising="adapts later; objects that stop stay longer",
        gt=0.0,
    )
    initial_learning_rate: float = key(
        _DEFAULTS.initial_learning_rate,
        "Learning rate at the first frame; falls linearly to the steady rate.",
        raising="first-frame ghosts fade sooner; the first seconds are less certain",
        ge=0.0,
        le=1.0,
    )
    warmup_frames: int = key(
        _DEFAULTS.warmup_frames,
        "Frames until the learning rate is steady; 0 starts steady.",
        raising="the fast start lasts longer",
        ge=0,
    )
    background_threshold: float = key(
        _DEFAULTS.background_threshold,
        "Share of a pixel's weights that must be background (T).",
        raising="more appearances count as background; slow objects are absorbed",
        opencv="backgroundRatio",
        gt=0.0,
        lt=1.0,
    )
    match_sigmas: float = key(
        _DEFAULTS.match_sigmas,
        "A value matches a Gaussian within this many standard deviations.",
        raising="less noise, but objects that look like the background are lost",
        opencv="sqrt(varThreshold)",
        gt=0.0,
        lt=1000.0,
    )
    initial_variance: float = key(
        _DEFAULTS.initial_variance,
        "Variance of a new Gaussian, grey levels squared.",
        raising="new appearances match more widely",
        opencv="varInit",
        gt=0.0,
        le=16384.0,
    )
    min_variance: float = key(
        _DEFAULTS.min_variance,
        "Smallest variance, grey levels squared: about the sensor's noise.",
        raising="less noise in calm places, fainter objects are lost",
        opencv="varMin",
        gt=0.0,
        le=16384.0,
    )
    initial_weight: float = key(
        _DEFAULTS.initial_weight,
        "Weight of a new Gaussian.",
        raising="new appearances become background sooner",
        gt=0.0,
        lt=1.0,
    )
    max_value: float | None = key(
        None,
        "The value that means white; empty: 255 or 65535 by the type of the frames.",
        raising="the same picture counts as darker",
        gt=0.0,
    )
    detect_shadows: bool = key(
        False,
        "Label darker shades of the background as shadow (127); the classic detector only.",
        raising="cast shadows are told from objects; dark objects may be lost",
        opencv="detectShadows",
    )
    shadow_min_ratio: float = key(
        _DEFAULTS.shadow_min_ratio,
        "The darkest shade that still counts as shadow, relative to the background.",
        raising="only faint shadows count",
        opencv="shadowThreshold",
        gt=0.0,
        lt=1.0,
    )

    def to_params(self) -> MixtureParams:
        """Return the core's parameters with these values."""
        return MixtureParams(**self.model_dump())


class MaskConfig(Section):
    """From the model's mask to the mask that is written."""

    median_px: int = key(
        1,
        "Side of the square whose majority decides a pixel; odd, 1 is off.  The robust "
        "detector smooths before it decides instead.",
        raising="fewer specks; small objects and thin parts are lost",
        ge=1,
        le=31,
    )

    @field_validator("median_px")
    @classmethod
    def _is_odd(cls, value: int) -> int:
        if value % 2 == 0:
            msg = f"should be odd, so that the square has a middle, not {value}"
            raise ValueError(msg)
        return value

    fill_holes_fraction: Fraction = key(
        0.001,
        "Holes in objects up to this share of the frame are filled; 0 is off.",
        raising="larger holes are filled",
    )
    min_area_fraction: Fraction = key(
        0.0003,
        "Connected regions below this share of the frame are dropped; 0 is off.",
        raising="small objects are dropped",
    )
    shadows: Literal["drop", "keep"] = key(
        "drop",
        "Pixels labelled as shadow become background (drop) or stay 127 in the mask (keep).",
    )


class EventsConfig(Section):
    """When motion counts as an event."""

    min_coverage_fraction: Fraction = key(
        0.001,
        "Share of the frame that must be foreground; a region does not change its meaning.",
        raising="small or distant motion is ignored",
    )
    max_coverage_fraction: Fraction = key(
        0.8,
        "Above this share of the frame it is a change of light or a moved camera, not motion.",
        raising="larger changes count as motion",
    )
    settle_s: Seconds = key(
        1.0,
        "No event begins in the first seconds, while the model learns the scene.",
        raising="more of the beginning is ignored",
    )
    min_duration_s: Seconds = key(
        0.5,
        "Shorter motion is no event.",
        raising="brief motion is ignored",
    )
    merge_gap_s: Seconds = key(
        2.0,
        "Motion that pauses for at most this long is one event.",
        raising="fewer, longer events",
    )
    pad_before_s: Seconds = key(0.5, "Time added before an event.", raising="earlier start")
    pad_after_s: Seconds = key(1.0, "Time added after an event.", raising="later end")


class InputConfig(Section):
    """Which part of the input is used, and at what size."""

    start_s: Seconds = key(0.0, "Skip to this time of the clip.", raising="later start")
    end_s: float | None = key(
        None, "Stop before this time of the clip; empty: its end.", raising="later end", gt=0.0
    )
    image_fps: float = key(
        25.0,
        "Frames per second of an image folder, which has no clock of its own.",
        raising="the same pictures take less time",
        gt=0.0,
    )
    scale: float = key(
        1.0,
        "Work on frames reduced by this factor.",
        raising="finer masks, slower",
        gt=0.0,
        le=1.0,
    )
    max_side_px: int | None = key(
        None,
        "Reduce frames so that their longer side has at most this many pixels; empty: as they "
        "are.",
        raising="finer masks, slower",
        ge=16,
    )
    colour: bool = key(
        True,
        "Keep colour; false works on grey frames, which is faster and misses what differs in "
        "colour only.",
    )

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end_s is not None and self.end_s <= self.start_s:
            msg = f"end_s ({self.end_s:g}) should be after start_s ({self.start_s:g})"
            raise ValueError(msg)
        return self


class RegionsConfig(Section):
    """Where motion counts, as polygons in pixels of the full-size picture."""

    include: tuple[Polygon, ...] = key(
        (), "Only inside these polygons can be foreground; empty: everywhere."
    )
    exclude: tuple[Polygon, ...] = key((), "Never foreground inside these polygons.")


class OutputConfig(Section):
    """What is written."""

    mask: Literal["video", "png", "both", "none"] = key(
        "video", "Masks as lossless video (mask.mkv), as a folder of PNG files, both, or none."
    )
    probability: bool = key(
        False,
        "How surely each pixel is foreground, before cleaning, as lossless grey video "
        "(probability.mkv): 255 surely, from 128 on foreground.",
    )
    overlay: bool = key(True, "The clip with the foreground marked (overlay.mp4).")
    overlay_crf: int = key(
        26,
        "Compression of the overlay, as in x264.",
        raising="smaller file, coarser picture",
        ge=0,
        le=51,
    )
    background: bool = key(True, "The picture without moving things (background.png).")
    heatmap: bool = key(True, "Where motion was, over the background (heatmap.png).")
    events: bool = key(True, "The list of events (events.json and events.csv).")


class RunConfig(Section):
    """How the work is done; none of this changes the result."""

    threads: int = key(0, "Threads for the model; 0: one for each core.", ge=0)
    batch_frames: int = key(
        8,
        "Frames the model takes at a time.",
        raising="faster on recorded clips; more memory",
        ge=1,
        le=64,
    )


class Config(Section):
    """Everything that can be configured, with the product's defaults."""

    model: ModelConfig = Field(default_factory=ModelConfig)
    detector: DetectorConfig = Field(default_factory=DetectorConfig)
    mask: MaskConfig = Field(default_factory=MaskConfig)
    events: EventsConfig = Field(default_factory=EventsConfig)
    input: InputConfig = Field(default_factory=InputConfig)
    regions: RegionsConfig = Field(default_factory=RegionsConfig)
    output: OutputConfig = Field(default_factory=OutputConfig)
    run: RunConfig = Field(default_factory=RunConfig)
    segmentation: SegmentationConfig = Field(default_factory=SegmentationConfig)
    live: LiveConfig = Field(default_factory=LiveConfig)
    recording: RecordingConfig = Field(default_factory=RecordingConfig)
    notify: NotifyConfig = Field(default_factory=NotifyConfig)
    window: WindowConfig = Field(default_factory=WindowConfig)


SCAN_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "input.max_side_px": 320,
        "input.colour": False,
        "detector.look_ahead_s": 0.0,
        "run.threads": 1,
    }
)
"""What ``bgsub scan`` does differently from the defaults above, as dotted paths."""
