"""What is written about a sweep: tables, a plot, and the best configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bgsub.evaluation.sweep_plot import draw_sweep
from bgsub.evaluation.sweep_scores import best_of, leave_one_out, sweep_csv, sweep_record
from bgsub.files import write_bytes
from bgsub.sinks import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bgsub.evaluation.sweep_scores import CandidateScores

__all__ = ["SWEEP_NAMES", "write_sweep"]

_CSV, _JSON, _PLOT, _BEST = "sweep.csv", "sweep.json", "sweep.png", "best.yaml"
SWEEP_NAMES = (_CSV, _JSON, _PLOT, _BEST)
"""The files of a sweep."""

_KEPT = "the files before it are complete"


def write_sweep(folder: Path, scored: Sequence[CandidateScores]) -> None:
    """Write all files of a sweep.

    Parameters
    ----------
    folder : Path
        Where to; it must exist.
    scored : sequence of CandidateScores
        At least one.

    Raises
    ------
    SinkWriteError
        If one cannot be written.
    """
    write_bytes(folder / _CSV, sweep_csv(scored).encode(), kept=_KEPT)
    write_json(folder / _JSON, sweep_record(scored))
    write_bytes(folder / _PLOT, draw_sweep(scored), kept=_KEPT)
    write_bytes(folder / _BEST, _best_yaml(scored).encode(), kept=_KEPT)


def _best_yaml(scored: Sequence[CandidateScores]) -> str:
    """Return the best configuration as a file for ``--config``: all that is not a default."""
    best = best_of(scored)
    held_out = leave_one_out(scored)
    lines = [
        f"# The best of {len(scored)} configurations by the mean F-measure of",
        f"# {', '.join(best.counts)}: {best.mean().f_measure:.4f}.",
    ]
    if held_out:
        mean = sum(one.f_measure for one in held_out) / len(held_out)
        lines.append(f"# Chosen without the sequence it is scored on: {mean:.4f}.")
    changed: dict[str, Any] = best.candidate.config.model_dump(
        mode="json", exclude_defaults=True
    )
    full = best.candidate.config.model_dump(mode="json")
    for key in best.candidate.values:
        _copy(full, changed, key.split("."))
    return "\n".join(lines + list(_yaml(changed))) + "\n"


def _copy(source: Mapping[str, Any], target: dict[str, Any], path: Sequence[str]) -> None:
    name, *rest = path
    if rest:
        _copy(source[name], target.setdefault(name, {}), rest)
    else:
        target[name] = source[name]


def _yaml(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for name, value in values.items():
        if not isinstance(value, dict):
            yield f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}"
        elif value:
            yield f"{indent}{name}:"
            yield from _yaml(value, f"{indent}  ")
