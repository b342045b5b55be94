"""The store: the clips of a data set in one HDF5 file, written once and read from anywhere."""

from skelfuse.store.reader import Store

__all__ = ["Store"]
