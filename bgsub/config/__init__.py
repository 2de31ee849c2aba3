"""The configuration layer shared by all commands."""

from bgsub.config.schema import Config

__all__ = ["Config"]
