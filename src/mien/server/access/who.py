"""Roles, and who has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["none", "analyse", "watch", "care", "admin"]
ROLES: tuple[Role, ...] = ("none", "analyse", "watch", "care", "admin")
"""A ladder: each may do what those before it may."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody whom a request comes from."""

    name: str
    """Of the token, or of the user who started the server: the log's audit trail records it."""
    role: Role

    def may(self, role: Role) -> bool:
        """Whether ``role`` is within the own one."""
        return ROLES.index(self.role) >= ROLES.index(role)
