"""Streams of records through stages: order, exactly-once, bounded memory. Knows no language, no model and no file."""

from spanport.stream.run import arun_stages, run_stages
from spanport.stream.stage import Done, Failed, Outcome, Stage
from spanport.stream.stats import Snapshot, StageStats, Stats

__all__ = [
    "Done",
    "Failed",
    "Outcome",
    "Snapshot",
    "Stage",
    "StageStats",
    "Stats",
    "arun_stages",
    "run_stages",
]
