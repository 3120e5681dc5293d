"""Streams of records through stages: order, exactly-once, bounded memory, resume. Knows no language and no model."""

from spanport.stream.asynchronous import arun_stages
from spanport.stream.files import check_outputs
from spanport.stream.output import Output, Part, Reject
from spanport.stream.run import run_stages
from spanport.stream.stage import Done, Failed, Outcome, Stage
from spanport.stream.staged import StageGroup, run_staged
from spanport.stream.stats import Snapshot, StageStats, Stats

__all__ = [
    "Done",
    "Failed",
    "Outcome",
    "Output",
    "Part",
    "Reject",
    "Snapshot",
    "Stage",
    "StageGroup",
    "StageStats",
    "Stats",
    "arun_stages",
    "check_outputs",
    "run_staged",
    "run_stages",
]
