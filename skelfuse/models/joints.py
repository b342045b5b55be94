"""One order of joints inside every model, whatever order a file lists them in."""

from __future__ import annotations

from skelfuse.skeleton import Skeleton


def canonical_order(skeleton: Skeleton) -> tuple[int, ...]:
    """Return the indices that sort a skeleton's joints by name.

    A model that takes its joints in this order gives each weight to a joint's name and not to a
    place in a file: the same weights serve a recording that lists the same body differently.

    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> canonical_order(arm)
    (1, 2, 0)
    >>> shuffled = arm.permuted((2, 0, 1))
    >>> [shuffled.joints[i] for i in canonical_order(shuffled)]
    ['elbow', 'hand', 'shoulder']
    """
    return tuple(sorted(range(len(skeleton)), key=skeleton.joints.__getitem__))
