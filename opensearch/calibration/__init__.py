"""What the score of a hit is worth: the probability that it is of what was asked."""

from opensearch.calibration.curves import Calibration, Curve, Direction, ScoreName
from opensearch.calibration.fitting import Judged, fit_curve, fit_curves
from opensearch.calibration.measures import Reliability, reliability

__all__ = [
    "Calibration",
    "Curve",
    "Direction",
    "Judged",
    "Reliability",
    "ScoreName",
    "fit_curve",
    "fit_curves",
    "reliability",
]
