"""Long builds: each job is a process of its own, which a thread of the service starts, watches and ends."""

from __future__ import annotations

from api.jobs.runner import Runner

__all__ = ["Runner"]
