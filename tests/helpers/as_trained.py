"""A new model made as it would be after training, for tests that need no real run."""

from __future__ import annotations

from torch import nn

from skelfuse.layers.known_norm import KnownNorm


def as_trained(model: nn.Module) -> None:
    """Let the normalisations of a model have seen something, and evaluate from now on."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | KnownNorm):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            if module.affine:
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
    model.eval()
