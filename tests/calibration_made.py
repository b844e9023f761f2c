"""Calibrations made by hand, and models that have one."""

from opensearch.calibration import Calibration, Curve, Direction
from opensearch.encoders.bundle import Bundle, write_bundle

DOMAINS = ("photo", "shape", "sketch")


def direction(middle=0.5, slope=8.0, refine=False, codes=True):
    """One curve for every score, or for cosines alone."""
    curve = Curve(slope=slope, middle=middle)
    of_codes = curve if codes else None
    return Direction(cosine=curve, distance=of_codes, asymmetric=of_codes, refine=refine)


def calibration(middles=None, refine=(), domains=DOMAINS, codes=True):
    """Directions between all domains and from words, by the middle of their targets' curves."""
    middles = middles or {}
    made = {
        source: {
            target: direction(
                middles.get(target, 0.5), refine=(source, target) in refine, codes=codes
            )
            for target in domains
        }
        for source in [*domains, None]
    }
    words = made.pop(None)
    return Calibration(domains=made, words=words, hits=10, absent=0.5, categories=3, kinds=100)


def calibrated(model, out, made):
    """A copy of a model with a calibration."""
    bundle = Bundle.open(model)
    bundle.copy_files(out)
    return write_bundle(out, bundle.card.model_copy(update={"calibration": made})).folder
