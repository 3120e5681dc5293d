"""Several systems on one's own data, over shared translations, encodings and alignments."""

from spanport.compare.data import DataSet, find_sets, load_set
from spanport.compare.runner import Outcomes, collect_works, compare_systems, run_systems, warm_up
from spanport.compare.specs import SystemSpec, parse_systems

__all__ = [
    "DataSet",
    "Outcomes",
    "SystemSpec",
    "collect_works",
    "compare_systems",
    "find_sets",
    "load_set",
    "parse_systems",
    "run_systems",
    "warm_up",
]
