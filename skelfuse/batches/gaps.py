"""Where missing joints get a position: here, and nowhere else.

A model never sees these positions as seen: the mask stays False. They are there so that frames
can be interpolated, and so that arithmetic on what the mask hides stays finite.

1. A joint that is missing for a while lies on the straight line between where it was seen last
   and where it is seen next.
2. Before its first and after its last sighting it stays where it was first and last seen.
3. A joint that is never seen in a clip lies on its parent, or the nearest joint above that was
   ever seen; if there is none, in the middle of the body's other joints.
4. A person of whom nothing is ever seen is zero.
"""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.batches.tracks import Owners, Tracks
from skelfuse.skeleton import Skeleton


def fill_gaps(tracks: Tracks, owners: Owners, skeleton: Skeleton) -> Tracks:
    """Return the tracks with a finite position everywhere; `seen` stays as it is.

    >>> import numpy as np
    >>> from skelfuse.batches.tracks import pack
    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a", dimensions=2)
    >>> clip = np.zeros((5, 1, 2, 2))
    >>> clip[:, 0, 0] = [[np.nan, np.nan], [1, 4], [np.nan, np.nan], [2, 8], [np.nan, np.nan]]
    >>> clip[:, 0, 1] = np.nan
    >>> tracks = pack([clip], persons=1)
    >>> filled = fill_gaps(tracks, tracks.owners(), arm)
    >>> filled.coords[:, 0].tolist()
    [[1.0, 4.0], [1.0, 4.0], [1.5, 6.0], [2.0, 8.0], [2.0, 8.0]]
    >>> bool((filled.coords[:, 1] == filled.coords[:, 0]).all())  # b was never seen: it lies on a
    True
    """
    seen = tracks.seen
    if bool(seen.all()):
        return tracks
    R = len(seen)
    row = torch.arange(R, device=seen.device)[:, None]
    # Tracks lie end to end, so one running maximum serves all; what it brings from another track
    # lies before the first row of this one.
    before = torch.where(seen, row, -1).cummax(dim=0).values  # [R,N]
    after = torch.where(seen, row, R).flip(0).cummin(dim=0).values.flip(0)
    known_before = before >= owners.first[:, None]
    known_after = after <= owners.last[:, None]
    before, after = (
        torch.where(known_before, before, after),
        torch.where(known_after, after, before),
    )
    never = ~(known_before | known_after)

    r, n = (~seen & ~never).nonzero(as_tuple=True)
    start, end = before[r, n], after[r, n]
    share = (r - start) / (end - start).clamp_min(1)
    coords = tracks.coords.clone()
    coords[r, n] = torch.lerp(tracks.coords[start, n], tracks.coords[end, n], share[:, None])
    if bool(never.any()):
        coords = _on_relatives(coords, never, skeleton)
    return tracks._replace(coords=coords)


def _on_relatives(coords: Tensor, never: Tensor, skeleton: Skeleton) -> Tensor:
    """Put joints that were `never [R,N]` seen where the nearest joint above is."""
    parents = torch.tensor(skeleton.parents, device=coords.device)
    known = torch.where(never[..., None], torch.zeros_like(coords), coords)
    count = (~never).sum(dim=1, keepdim=True).clamp_min(1)  # [R,1]
    middle = known.sum(dim=1) / count  # [R,D]
    above = torch.arange(never.shape[1], device=coords.device).expand_as(never)
    for _ in range(never.shape[1]):  # as far up as the tree is high, usually a step or two
        climbing = never.gather(1, above) & (parents[above] != above)
        if not bool(climbing.any()):
            break
        above = torch.where(climbing, parents[above], above)
    taken = known.gather(1, above[..., None].expand_as(known))
    nobody = never.gather(1, above)  # not even the root was seen
    return torch.where(nobody[..., None], middle[:, None], taken)
