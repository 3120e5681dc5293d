"""From text to a tagger, and from text to an aligner: what the engine composes out of `spanport_models.training`."""

from spanport.training.calibrating import CalibrationReport, calibrate
from spanport.training.card import Figure, Report
from spanport.training.curve import Curve, CurvePoint, sources_curve
from spanport.training.lessons import LessonOptions
from spanport.training.tagger import Tagger, train
from spanport.training.tuning import Aligner, TuneReport, tune

__all__ = [
    "Aligner",
    "CalibrationReport",
    "Curve",
    "CurvePoint",
    "Figure",
    "LessonOptions",
    "Report",
    "Tagger",
    "TuneReport",
    "calibrate",
    "sources_curve",
    "train",
    "tune",
]
