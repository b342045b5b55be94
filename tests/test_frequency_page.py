"""The page of the frequency side says which choices of the layers no configuration reaches."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

from skelfuse.layers import FourierFeatures, GlobalFilter, SpectralMotion
from skelfuse.layouts import COCO_17
from skelfuse.models import Frequencies, SkelFuse
from skelfuse.models.sizes import NANO

PAGE = Path(__file__).resolve().parent.parent / "docs" / "frequency.md"
PYTHON_ONLY = {
    GlobalFilter: {"instance_norm"},
    SpectralMotion: {"ends"},
    FourierFeatures: {"kind", "learnable"},  # the model has another `learnable`, of its kernels
}


def test_what_is_for_python_only_is_said_to_be() -> None:
    (told,) = (part for part in PAGE.read_text().split("\n\n") if "Python only" in part)
    keys = {*inspect.signature(SkelFuse).parameters, *(key.name for key in fields(Frequencies))}
    for layer, choices in PYTHON_ONLY.items():
        assert f"`{layer.__name__}`" in told
        assert choices <= set(inspect.signature(layer).parameters)
        for choice in choices:
            assert choice in told
            assert choice not in keys - {"learnable"}
    model = SkelFuse(COCO_17, num_classes=2, size=NANO, frequencies=Frequencies(fourier=4))
    assert not [name for name, _ in model.named_parameters() if "sigma" in name]
