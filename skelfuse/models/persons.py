"""Any number of people in a clip: folded into the batch on the way in, rejoined on the way out."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.models.joints import canonical_order
from skelfuse.skeleton import Skeleton


class Folded(NamedTuple):
    """A batch of bodies: each person of each clip is an item of its own."""

    x: Tensor  # [B·M,T,N,D], joints in canonical order, zero where a joint was not seen
    mask: Tensor  # [B·M,T,N], True where a joint was seen
    present: Tensor  # [B,M], True for a person of whom anything was seen


class FoldPersons(nn.Module):
    """What every model does first: check the batch, order its joints by name, fold its persons.

    `x [B,T,M,N,D]` and `mask [B,T,M,N]` (or None: everything was seen) become `Folded`. What the
    mask hides is replaced by zeros here, so neither a NaN nor its gradient gets any further.

    >>> pair = Skeleton("pair", joints=("b", "a"), bones=(("a", "b"),), root="b", dimensions=2)
    >>> fold = FoldPersons(pair)
    >>> x = torch.arange(24.0).view(1, 3, 2, 2, 2)          # [B,T,M,N,D]
    >>> mask = torch.tensor([True, False]).view(1, 1, 2, 1).expand(1, 3, 2, 2)
    >>> bodies = fold(x, mask)
    >>> bodies.x.shape, bodies.present
    (torch.Size([2, 3, 2, 2]), tensor([[ True, False]]))
    >>> bodies.x[0, 0]                                      # joint 'a' comes first inside
    tensor([[2., 3.],
            [0., 1.]])
    """

    order: Tensor
    known: Tensor | None  # [N], in the order of the files; None: every joint

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self.given = skeleton
        order = canonical_order(skeleton)
        self.skeleton = skeleton.permuted(order)
        # Not in the state dict: the order belongs to the files, the weights belong to the names.
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.register_buffer("known", None, persistent=False)
        self.most: int | None = None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Folded:
        """Return `x [B,T,M,N,D]` and its mask as bodies."""
        self._check(x, mask)
        mask = self._familiar(x, mask)
        if mask is None:
            mask = torch.ones(x.shape[:4], dtype=torch.bool, device=x.device)
        else:
            x = torch.where(mask[..., None], x, 0.0)
        _check_seen(x)
        present = mask.any(dim=3).any(dim=1)  # [B,M]
        x = x.index_select(3, self.order).transpose(1, 2).flatten(0, 1)  # [B·M,T,N,D]
        mask = mask.index_select(3, self.order).transpose(1, 2).flatten(0, 1)  # [B·M,T,N]
        return Folded(x, mask, present)

    def keep_to(self, joints: Collection[str], persons: int) -> None:
        """From now on take other joints, and more people than so many of a clip, for unseen.

        What no clip of a training showed has weights that never learned and statistics of nothing.
        """
        known = [joint in joints for joint in self.given.joints]
        self.known = None if all(known) else torch.tensor(known, device=self.order.device)
        self.most = persons

    @property
    def limited(self) -> bool:
        """Whether anything is taken for unseen whatever the mask says."""
        return self.known is not None or self.most is not None

    def _familiar(self, x: Tensor, mask: Tensor | None) -> Tensor | None:
        if self.known is not None:
            seen = self.known.expand(x.shape[:4])
            mask = seen if mask is None else mask & seen
        if self.most is not None and self.most < x.shape[2]:
            mask = torch.ones_like(x[..., 0], dtype=torch.bool) if mask is None else mask
            there = mask.any(dim=3).any(dim=1)  # [B,M]
            mask = mask & (there.cumsum(dim=1) <= self.most)[:, None, :, None]
        return mask

    def _check(self, x: Tensor, mask: Tensor | None) -> None:
        N, D = len(self.given), self.given.dimensions
        wanted = f"[B,T,M,{N},{D}] with T and M at least 1"
        if x.ndim != 5 or x.shape[3:] != (N, D) or 0 in x.shape[1:]:
            raise SkelfuseError(
                f"the model's input does not fit skeleton '{self.given.name}'",
                expected=wanted,
                found=list(x.shape),
                remedy="axes are batch, frame, person, joint, coordinate; "
                "give one clip a batch axis, and one person a person axis",
            )
        if not x.is_floating_point():
            raise SkelfuseError(
                "coordinates must be floating-point numbers", expected="float32", found=x.dtype
            )
        if mask is None:
            return
        if mask.shape != x.shape[:4]:
            raise SkelfuseError(
                "the mask's shape is not that of the coordinates",
                expected=list(x.shape[:4]),
                found=list(mask.shape),
                remedy="the mask has one value for each joint, and no coordinate axis",
            )
        if mask.dtype != torch.bool:
            raise SkelfuseError(
                "the mask has the wrong kind",
                expected=torch.bool,
                found=mask.dtype,
                remedy="True means that a joint was seen",
            )


def keep_to(model: nn.Module, joints: Collection[str], persons: int) -> None:
    """Let a model look at these joints alone, and at no more than so many people of a clip.

    >>> from skelfuse.layouts import COCO_17
    >>> from skelfuse.models.stgcn import STGCN
    >>> model, x = STGCN(COCO_17, 2, channels=(4,), blocks=(1,)).eval(), torch.randn(1, 9, 2, 17, 2)
    >>> keep_to(model, COCO_17.joints, persons=1)
    >>> torch.equal(model(x), model(x[:, :, :1]))
    True
    """
    for part in model.modules():
        if isinstance(part, FoldPersons):
            part.keep_to(joints, persons)


def hides(mask: Tensor) -> bool:
    """Return whether a mask hides anything; a compiled or exported graph cannot look.

    >>> hides(torch.tensor([True, False])), hides(torch.tensor([True, True]))
    (True, False)
    """
    return torch.compiler.is_compiling() or not bool(mask.all())


def _check_seen(x: Tensor) -> None:
    # A compiled or exported graph cannot look at values; it was checked when it was eager.
    if torch.compiler.is_compiling() or torch.isfinite(x.detach().sum()):
        return  # one pass, no copy; only a sum too large for its numbers goes on
    if torch.isfinite(x).all():
        return
    where = [int(i) for i in (~torch.isfinite(x)).nonzero()[0]]
    raise SkelfuseError(
        "a joint that counts as seen has no finite position",
        expected="numbers wherever the mask is True, or no mask",
        found=f"{x[tuple(where)].item()} at [b,t,m,n,d] = {where}",
        remedy="pass mask = ~x.isnan().any(-1) for joints that were not seen",
    )


class Rejoined(NamedTuple):
    """What the people of a clip amount to together: `[B,...]` each, for any order of people."""

    max: Tensor
    mean: Tensor


def rejoin(y: Tensor, present: Tensor) -> Rejoined:
    """Return the maximum and the mean over the persons that are present.

    `y [B·M,...]` are features of bodies and `present [B,M]` says which of them exist. A clip
    without anybody gives zeros.

    >>> y = torch.tensor([[1.0], [5.0], [3.0], [9.0]])              # two clips of two persons
    >>> rejoin(y, torch.tensor([[True, True], [True, False]]))
    Rejoined(max=tensor([[5.],
            [3.]]), mean=tensor([[3.],
            [3.]]))
    """
    M = present.shape[1]
    y = torch.unflatten(y, 0, (-1, M))  # [B,M,...]
    there = present.view(*present.shape, *(1 for _ in y.shape[2:]))  # [B,M,1...]
    y = y.masked_fill(~there, 0)
    mean = y.sum(dim=1) / there.sum(dim=1).clamp(min=1)
    largest = y.masked_fill(~there, -torch.inf).amax(dim=1)
    return Rejoined(largest.masked_fill(~there.any(dim=1), 0), mean)
