"""What every model is."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn


class Model(nn.Module):
    """Logits are what `decide` makes of the `features`, one row for each clip.

    A model of your own is a class with these, and a word in `MODELS`. `decide` and
    `reset_classifier` are for one linear map, `classifier`, unless a model has its own.
    """

    num_features: int
    classifier: nn.Linear

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits `[B,classes]` of `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]` is True.

        In training a model may return votes `[B,votes,classes]`: take the loss of each.
        """
        return self.decide(self.features(x, mask))

    @abstractmethod
    def features(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the model decides on, `[B,num_features]`."""

    def decide(self, features: Tensor) -> Tensor:
        """Return the logits `[B,classes]` of `features [B,num_features]`."""
        logits: Tensor = self.classifier(features)
        return logits

    def reset_classifier(self, num_classes: int) -> None:
        """Begin anew with other classes; the weights before the classifier stay."""
        self.classifier = nn.Linear(self.num_features, num_classes).to(self.classifier.weight)
