"""The layers that models are made of."""

from __future__ import annotations

from skelfuse.layers.bound import RobustBound
from skelfuse.layers.dct import DCTChannels
from skelfuse.layers.directions import Directions
from skelfuse.layers.fourier_features import FourierFeatures
from skelfuse.layers.frame_weighting import SpectralFrameWeighting
from skelfuse.layers.frieren import FrierenFuse, Fused
from skelfuse.layers.gates import ChannelGate
from skelfuse.layers.global_filter import GlobalFilter
from skelfuse.layers.kernel_penalties import KernelPenalties
from skelfuse.layers.kernel_start import DIFFERENCES
from skelfuse.layers.kernels import Kernel, MotionKernels
from skelfuse.layers.legendre import full_basis, legendre_basis
from skelfuse.layers.nonnegative import NonNegativeLinear
from skelfuse.layers.spectral_motion import SpectralMotion
from skelfuse.layers.statistics import Feature, feature_names, motion_statistics

__all__ = [
    "DIFFERENCES",
    "ChannelGate",
    "DCTChannels",
    "Directions",
    "Feature",
    "FourierFeatures",
    "FrierenFuse",
    "Fused",
    "GlobalFilter",
    "Kernel",
    "KernelPenalties",
    "MotionKernels",
    "NonNegativeLinear",
    "RobustBound",
    "SpectralFrameWeighting",
    "SpectralMotion",
    "feature_names",
    "full_basis",
    "legendre_basis",
    "motion_statistics",
]
