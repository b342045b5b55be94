"""How findings are told: tables in text, pictures, and the names that a person would use."""

from __future__ import annotations
