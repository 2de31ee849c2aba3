"""Precision and recall from every pixel at every threshold; independent of the package."""

from __future__ import annotations


def points(
    frames: list[tuple[list[list[int]], list[list[int]]]],
) -> list[tuple[float, float, float]]:
    """(recall, precision, F-measure) at the thresholds 0 to 255.

    A frame is its probability, 0 to 255, and its labels as CDnet has them.
    """
    found = []
    for threshold in range(256):
        tp = fp = fn = 0
        for probability, labels in frames:
            for values, row in zip(probability, labels, strict=True):
                for value, label in zip(values, row, strict=True):
                    if label not in (0, 50, 255):
                        continue
                    if value >= threshold:
                        tp += label == 255
                        fp += label != 255
                    else:
                        fn += label == 255
        recall = tp / (tp + fn) if tp + fn else 0.0
        precision = tp / (tp + fp) if tp + fp else 1.0
        total = recall + precision
        found.append((recall, precision, 2 * recall * precision / total if total else 0.0))
    return found


def average_precision(found: list[tuple[float, float, float]]) -> float:
    """Sum of what each threshold adds to the recall, times its precision."""
    total, before = 0.0, 0.0
    for recall, precision, _ in reversed(found):
        total += (recall - before) * precision
        before = recall
    return total
