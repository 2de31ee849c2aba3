"""From the counts of sequences to the mapping that is shown and written as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bgsub.evaluation.scores import Scores, mean_scores

if TYPE_CHECKING:
    from collections.abc import Collection

    from bgsub.evaluation.cdnet import Sequence
    from bgsub.evaluation.scores import Counts

__all__ = ["ScoredSequence", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSequence:
    """What came of one sequence.

    Attributes
    ----------
    sequence : Sequence
        Which one.
    counts : Counts
        Sum over its scored frames.
    frames : int
        Frames processed.
    fps : float
        Of them per second, reading and scoring included.
    """

    sequence: Sequence
    counts: Counts
    frames: int
    fps: float

    @property
    def scores(self) -> Scores:
        """CDnet's measures of the sequence."""
        return Scores.of(self.counts)


def report(scored: Collection[ScoredSequence]) -> dict[str, Any]:
    """Return the scores of all sequences and their means, ready for JSON.

    Parameters
    ----------
    scored : collection of ScoredSequence
        At least one.

    Returns
    -------
    dict
        ``sequences``: by ``category/name``, the seven measures with ``frames`` and ``fps``;
        ``mean``: the measures' means over all sequences; ``categories``: by category, their
        means over its sequences; ``overall``: the means over the categories, which is what
        CDnet ranks by.

    Raises
    ------
    ValueError
        If nothing was scored.
    """
    by_category: dict[str, list[Scores]] = {}
    for one in scored:
        by_category.setdefault(one.sequence.category, []).append(one.scores)
    categories = {name: mean_scores(by_category[name]) for name in sorted(by_category)}
    return {
        "sequences": {
            one.sequence.key: {**asdict(one.scores), "frames": one.frames, "fps": one.fps}
            for one in scored
        },
        "mean": asdict(mean_scores([one.scores for one in scored])),
        "categories": {name: asdict(scores) for name, scores in categories.items()},
        "overall": asdict(mean_scores(list(categories.values()))),
    }
