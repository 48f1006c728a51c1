"""The tab "My surveys" (M2.8, M5, M6)."""

from .listing import overview

__all__ = ["overview"]
