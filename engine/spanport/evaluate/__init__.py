"""Scores of labels and of alignments, how sure they are, and comparisons of systems. Nothing here prints."""

from spanport.evaluate.alignments import AlignmentCounts, AlignmentScores, count_links
from spanport.evaluate.bootstrap import Difference, Interval, difference, interval
from spanport.evaluate.calibration import Bin, Reliability, calibration, reliability
from spanport.evaluate.comparison import Comparison, Disagreement, SystemResult, compare
from spanport.evaluate.entities import EntityCounts, EntityScores, Scores, count_entities
from spanport.evaluate.mistakes import Mistakes, count_mistakes

__all__ = [
    "AlignmentCounts",
    "AlignmentScores",
    "Bin",
    "Comparison",
    "Difference",
    "Disagreement",
    "EntityCounts",
    "EntityScores",
    "Interval",
    "Mistakes",
    "Reliability",
    "Scores",
    "SystemResult",
    "calibration",
    "compare",
    "count_entities",
    "count_links",
    "count_mistakes",
    "difference",
    "interval",
    "reliability",
]
