"""Mask cleaning by plain loops over pixels; slow, and independent of the package."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Grid = list[list[int]]

EDGES = ((0, 1), (1, 0), (0, -1), (-1, 0))
ALL = (*EDGES, (1, 1), (1, -1), (-1, 1), (-1, -1))


def majority(mask: Grid, side: int) -> Grid:
    height, width = len(mask), len(mask[0])
    reach = side // 2
    result = []
    for y in range(height):
        row = []
        for x in range(width):
            votes = 0
            for dy in range(-reach, reach + 1):
                for dx in range(-reach, reach + 1):
                    yy = min(max(y + dy, 0), height - 1)
                    xx = min(max(x + dx, 0), width - 1)
                    votes += mask[yy][xx] == 255
            if 2 * votes > side * side:
                row.append(255)
            else:
                row.append(127 if mask[y][x] == 127 else 0)
        result.append(row)
    return result


def regions(
    mask: Grid, *, foreground: bool, neighbours: tuple[tuple[int, int], ...]
) -> list[set[tuple[int, int]]]:
    """Connected sets of (y, x) whose label is, or is not, 255."""
    height, width = len(mask), len(mask[0])
    wanted = {
        (y, x) for y in range(height) for x in range(width) if (mask[y][x] == 255) is foreground
    }
    found = []
    while wanted:
        seed = wanted.pop()
        region, todo = {seed}, deque([seed])
        while todo:
            y, x = todo.popleft()
            for dy, dx in neighbours:
                near = (y + dy, x + dx)
                if near in wanted:
                    wanted.remove(near)
                    region.add(near)
                    todo.append(near)
        found.append(region)
    return found


def fill_holes(mask: Grid, max_area: float) -> Grid:
    """Fill what cannot reach the frame's edge without crossing one piece of foreground.

    For each foreground region taken alone, the rest of the picture falls into parts; those
    that do not touch the frame's edge are its holes, with all that is in them.
    """
    height, width = len(mask), len(mask[0])
    result = [row[:] for row in mask]
    for region in regions(mask, foreground=True, neighbours=ALL):
        alone = [[255 if (y, x) in region else 0 for x in range(width)] for y in range(height)]
        for part in regions(alone, foreground=False, neighbours=EDGES):
            outside = any(y in (0, height - 1) or x in (0, width - 1) for y, x in part)
            if not outside and len(part) <= max_area:
                for y, x in part:
                    result[y][x] = 255
    return result


def drop_small(mask: Grid, min_area: float) -> Grid:
    result = [row[:] for row in mask]
    for region in regions(mask, foreground=True, neighbours=ALL):
        if len(region) < min_area:
            for y, x in region:
                result[y][x] = 0
    return result


def boxes(mask: Grid, min_area: float) -> list[tuple[int, int, int, int, int]]:
    """(area, x, y, width, height) of each region of at least this size, before any merging."""
    found = []
    for region in regions(mask, foreground=True, neighbours=ALL):
        if len(region) >= min_area:
            ys, xs = [y for y, _ in region], [x for _, x in region]
            width, height = max(xs) - min(xs) + 1, max(ys) - min(ys) + 1
            found.append((len(region), min(xs), min(ys), width, height))
    return sorted(found)


def merged_boxes(
    found: Sequence[tuple[int, int, int, int, int]], max_boxes: int
) -> list[tuple[int, int, int, int]]:
    """Merge (area, left, top, right, bottom) again and again; return x, y, width, height."""
    things = sorted(found, key=lambda t: (-t[0], t[2], t[1]))[:max_boxes]
    while True:
        merged: list[tuple[int, int, int, int, int]] = []
        for area, left, top, right, bottom in things:
            for i, (a, x0, y0, x1, y1) in enumerate(merged):
                common = max(0, min(right, x1) - max(left, x0))
                common *= max(0, min(bottom, y1) - max(top, y0))
                smaller = min((right - left) * (bottom - top), (x1 - x0) * (y1 - y0))
                if common >= 0.5 * smaller:
                    around = (min(left, x0), min(top, y0), max(right, x1), max(bottom, y1))
                    merged[i] = (a + area, *around)
                    break
            else:
                merged.append((area, left, top, right, bottom))
        if len(merged) == len(things):
            break
        things = merged
    merged.sort(key=lambda t: (-t[0], t[2], t[1]))
    return [(x, y, x1 - x, y1 - y) for _, x, y, x1, y1 in merged]
