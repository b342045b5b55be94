"""Readers of skeleton files, the protocols that split them, and the way into a store."""
