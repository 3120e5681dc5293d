"""What the engine itself costs: its speed next to bare loops over the models, on the same batches, in one run."""

from spanport.bench.measure import Bench, measure
from spanport.bench.plot import plot
from spanport.bench.sweep import Point, best, sweep
from spanport.bench.text import generate

__all__ = ["Bench", "Point", "best", "generate", "measure", "plot", "sweep"]
