"""Several systems on one's own data, over shared translations, encodings and alignments."""

from spanport.compare.benchmarks import (
    BENCHMARKS,
    average,
    bare_words,
    benchmark_files,
    find_benchmark,
    published_on,
)
from spanport.compare.data import DataSet, find_sets, load_set
from spanport.compare.runner import Outcomes, collect_works, compare_systems, run_systems, warm_up
from spanport.compare.specs import SystemSpec, parse_systems

__all__ = [
    "BENCHMARKS",
    "DataSet",
    "Outcomes",
    "SystemSpec",
    "average",
    "bare_words",
    "benchmark_files",
    "collect_works",
    "compare_systems",
    "find_benchmark",
    "find_sets",
    "load_set",
    "parse_systems",
    "published_on",
    "run_systems",
    "warm_up",
]
