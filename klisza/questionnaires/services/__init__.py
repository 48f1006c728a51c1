"""Asking, answering, handing over."""

from .requests import ask, start_standing, withdraw

__all__ = ["ask", "start_standing", "withdraw"]
