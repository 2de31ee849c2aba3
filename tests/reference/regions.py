"""Region scores pixel by pixel and pair by pair, as their papers put them."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Map = Sequence[Sequence[int]]


def _pixels(labels: Map) -> dict[tuple[int, int], int]:
    return {(y, x): int(v) for y, row in enumerate(labels) for x, v in enumerate(row)}


def _sets(labels: Map) -> list[set[tuple[int, int]]]:
    pixels = _pixels(labels)
    return [{p for p, v in pixels.items() if v == label} for label in set(pixels.values())]


def covering(machine: Map, human: Map) -> float:
    """Arbeláez et al. 2011, section 3: of the human regions by the machine's."""
    total = 0.0
    for region in _sets(human):
        total += len(region) * max(len(region & r) / len(region | r) for r in _sets(machine))
    return total / len(_pixels(human))


def rand_index(first: Map, second: Map) -> float:
    a, b = _pixels(first), _pixels(second)
    pairs = list(itertools.combinations(sorted(a), 2))
    return sum((a[p] == a[q]) == (b[p] == b[q]) for p, q in pairs) / len(pairs)


def variation_of_information(first: Map, second: Map) -> float:
    """Meilă 2005, in bits: the two conditional entropies."""
    n = len(_pixels(first))
    total = 0.0
    for r, s in itertools.product(_sets(first), _sets(second)):
        both = len(r & s) / n
        if both:
            total -= both * (math.log2(both * n / len(r)) + math.log2(both * n / len(s)))
    return total


def matched_accuracy(first: Map, second: Map) -> float:
    """Try every matching."""
    few, many = sorted((_sets(first), _sets(second)), key=len)
    best = max(
        sum(len(r & s) for r, s in zip(few, chosen, strict=True))
        for chosen in itertools.permutations(many, len(few))
    )
    return best / len(_pixels(first))


def connected_regions(labels: Map) -> set[frozenset[tuple[int, int]]]:
    """Flood each region from each pixel, along sides."""
    pixels = _pixels(labels)
    regions = set()
    left = set(pixels)
    while left:
        start = left.pop()
        region, border = {start}, [start]
        while border:
            y, x = border.pop()
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if near in left and pixels[near] == pixels[start]:
                    left.remove(near)
                    region.add(near)
                    border.append(near)
        regions.add(frozenset(region))
    return regions
