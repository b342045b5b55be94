"""From a store and a configuration to a trained model."""

from __future__ import annotations

from skelfuse.training.build import build_model
from skelfuse.training.config import Distill, Fit, Gates, KernelWeights, ModelChoice, TrainConfig
from skelfuse.training.config_file import config_from_dict, config_text, read_config
from skelfuse.training.experiment import Result, train
from skelfuse.training.measure import Measured, measure
from skelfuse.training.watch import Plan, Step, Watcher

__all__ = [
    "Distill",
    "Fit",
    "Gates",
    "KernelWeights",
    "Measured",
    "ModelChoice",
    "Plan",
    "Result",
    "Step",
    "TrainConfig",
    "Watcher",
    "build_model",
    "config_from_dict",
    "config_text",
    "measure",
    "read_config",
    "train",
]
