"""Events of a whole clip at once, in whole ticks of time; independent of the package."""

from __future__ import annotations

from typing import NamedTuple


class Rules(NamedTuple):
    """Limits as fractions, times in ticks."""

    min_coverage: float
    max_coverage: float
    settle: int
    min_duration: int
    merge_gap: int
    pad_before: int
    pad_after: int


class Found(NamedTuple):
    """An event, times in ticks."""

    start: int
    end: int
    peak: int
    start_frame: int
    end_frame: int
    peak_coverage: float
    peak_frame: int


def find_events(ticks: list[int], coverages: list[float], rules: Rules) -> list[Found]:
    """Events of the frames at these times, numbered from 0."""
    if not ticks:
        return []
    moving = [
        rules.min_coverage <= coverage <= rules.max_coverage and tick - ticks[0] >= rules.settle
        for tick, coverage in zip(ticks, coverages, strict=True)
    ]
    groups: list[list[int]] = []
    for i in range(len(ticks)):
        if not moving[i]:
            continue
        if groups:
            last = groups[-1][-1]
            if last == i - 1 or ticks[i] - ticks[last] <= rules.merge_gap:
                groups[-1].append(i)
                continue
        groups.append([i])
    events = [
        group
        for group in groups
        if sum(ticks[i] - ticks[i - 1] for i in group[1:]) >= rules.min_duration
    ]
    joined: list[list[int]] = []
    for group in events:
        if joined:
            end = ticks[joined[-1][-1]] + rules.pad_after
            if ticks[group[0]] - rules.pad_before <= end:
                joined[-1] = joined[-1] + group
                continue
        joined.append(group)
    found = []
    for group in joined:
        start = max(ticks[0], ticks[group[0]] - rules.pad_before)
        end = min(ticks[-1], ticks[group[-1]] + rules.pad_after)
        inside = [i for i, tick in enumerate(ticks) if start <= tick <= end]
        peak = max(group, key=lambda i: (coverages[i], -i))
        found.append(
            Found(start, end, ticks[peak], inside[0], inside[-1], coverages[peak], peak)
        )
    return found
