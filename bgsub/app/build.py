"""From the configuration to the parts: the only place that knows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgsub.detection import ClassicDetector, RobustDetector, RobustParams
from bgsub.events import EventDetector, EventRules
from bgsub.masks import MaskCleaner, rasterize
from bgsub.mixture import MixtureModel
from bgsub.pipeline import Pipeline

if TYPE_CHECKING:
    from bgsub.config import Config
    from bgsub.detection import Detector
    from bgsub.frames import StreamInfo

__all__ = ["build_detector", "build_pipeline"]


def build_pipeline(
    config: Config,
    info: StreamInfo,
    *,
    with_probability: bool,
    model: MixtureModel | None = None,
) -> tuple[Pipeline, Detector, EventDetector]:
    """Return a pipeline for frames of a stream, with the parts whose results are read later."""
    detector = build_detector(config, info, with_probability=with_probability, model=model)
    events = EventDetector(EventRules(**config.events.model_dump()))
    pipeline = Pipeline(detector=detector, events=events, batch_frames=config.run.batch_frames)
    return pipeline, detector, events


def build_detector(
    config: Config,
    info: StreamInfo,
    *,
    with_probability: bool,
    model: MixtureModel | None = None,
) -> Detector:
    """Return a detector for frames of a stream, which goes on with `model` if there is one."""
    if model is None:
        model = MixtureModel(config.model.to_params(), n_threads=config.run.threads)
    region = rasterize(
        config.regions.include,
        config.regions.exclude,
        width=info.width,
        height=info.height,
        source_width=info.source_width,
        source_height=info.source_height,
    )
    cleaner = MaskCleaner(
        frame_shape=(info.height, info.width),
        median_px=config.mask.median_px,
        fill_holes_fraction=config.mask.fill_holes_fraction,
        min_area_fraction=config.mask.min_area_fraction,
        keep_shadows=config.mask.shadows == "keep",
        region=region,
    )
    if config.detector.method == "classic":
        return ClassicDetector(model=model, cleaner=cleaner, with_probability=with_probability)
    return RobustDetector(
        model=model,
        cleaner=cleaner,
        params=RobustParams(**config.detector.model_dump(exclude={"method", "look_ahead_s"})),
        with_probability=with_probability,
    )
