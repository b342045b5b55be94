"""From a trained run and a recording to what is seen in it: whole, in windows, or live."""

from skelfuse.predict.recogniser import Recogniser, load

__all__ = ["Recogniser", "load"]
