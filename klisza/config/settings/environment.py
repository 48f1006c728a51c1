"""The one reader of the environment; every topic file takes its values from here."""

from __future__ import annotations

from klisza.base.env import Env

env = Env()
