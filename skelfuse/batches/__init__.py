"""From a store to the tensors that models take: sampled, aligned, augmented, masked."""

from skelfuse.batches.augment import Augment
from skelfuse.batches.batches import Batch, Batches, batch_of
from skelfuse.batches.dataset import ClipDataset
from skelfuse.batches.sampling import Sampling
from skelfuse.batches.source import ClipSource

__all__ = ["Augment", "Batch", "Batches", "ClipDataset", "ClipSource", "Sampling", "batch_of"]
