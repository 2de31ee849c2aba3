"""The configuration layer shared by all commands."""

from bgsub.config.load import (
    LoadedConfig,
    Override,
    config_names,
    find_config,
    load_config,
    parse_set,
)
from bgsub.config.schema import Config

__all__ = [
    "Config",
    "LoadedConfig",
    "Override",
    "config_names",
    "find_config",
    "load_config",
    "parse_set",
]
