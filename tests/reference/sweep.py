"""Pareto front and leave-one-out by comparing everything; independent of the package."""

from __future__ import annotations


def pareto(points: list[tuple[float, float]]) -> set[int]:
    """Positions of the (F, cost) pairs that no other one beats."""

    def beats(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a[0] >= b[0] and a[1] <= b[1] and a != b

    return {i for i, one in enumerate(points) if not any(beats(other, one) for other in points)}


def leave_one_out(table: list[list[float]]) -> list[int]:
    """Position of the best row for each column left out; rows are candidates."""
    chosen = []
    for left_out in range(len(table[0])):
        best, best_mean = -1, -1.0
        for i, row in enumerate(table):
            others = [value for j, value in enumerate(row) if j != left_out]
            mean = sum(others) / len(others)
            if mean > best_mean:
                best, best_mean = i, mean
        chosen.append(best)
    return chosen
