"""A trained model as a graph that runs where skelfuse is not installed."""

from skelfuse.export.facts import FACTS, facts_of, inputs
from skelfuse.export.writing import Exported, export_run

__all__ = ["FACTS", "Exported", "export_run", "facts_of", "inputs"]
