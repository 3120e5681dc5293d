"""Streams of records through stages: order, exactly-once, bounded memory, resume. Knows no language and no model."""

from spanport.stream.job import OutputJob
from spanport.stream.run import run_stages
from spanport.stream.stage import Done, Failed, Outcome, Stage
from spanport.stream.stats import Snapshot, StageStats, Stats

__all__ = ["Done", "Failed", "Outcome", "OutputJob", "Snapshot", "Stage", "StageStats", "Stats", "run_stages"]
