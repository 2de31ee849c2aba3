"""CDnet's counting and formulas by plain loops; independent of the package."""

from __future__ import annotations

NAMES = ("recall", "specificity", "fpr", "fnr", "pwc", "precision", "f_measure")


def count(
    mask: list[list[int]], truth: list[list[int]], roi: list[list[int]] | None
) -> tuple[int, int, int, int]:
    """(tp, fp, fn, tn)."""
    tp = fp = fn = tn = 0
    for y, row in enumerate(truth):
        for x, label in enumerate(row):
            if label in (85, 170) or (roi is not None and roi[y][x] == 0):
                continue
            if mask[y][x] == 255:
                if label == 255:
                    tp += 1
                else:
                    fp += 1
            elif label == 255:
                fn += 1
            else:
                tn += 1
    return tp, fp, fn, tn


def scores(tp: int, fp: int, fn: int, tn: int) -> dict[str, float]:
    """The seven measures; 0 where there is nothing to divide by."""

    def ratio(part: float, whole: float) -> float:
        try:
            return part / whole
        except ZeroDivisionError:
            return 0.0

    recall, precision = ratio(tp, tp + fn), ratio(tp, tp + fp)
    values = (
        recall,
        ratio(tn, tn + fp),
        ratio(fp, fp + tn),
        ratio(fn, tp + fn),
        ratio(100.0 * (fn + fp), tp + fp + fn + tn),
        precision,
        ratio(2.0 * recall * precision, recall + precision),
    )
    return dict(zip(NAMES, values, strict=True))
