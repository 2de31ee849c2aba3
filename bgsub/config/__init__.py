"""The configuration layer shared by all commands."""

from bgsub.config.load import (
    LoadedConfig,
    Override,
    config_names,
    find_config,
    load_config,
    parse_set,
    read_yaml,
)
from bgsub.config.schema import SCAN_DEFAULTS, Config

__all__ = [
    "SCAN_DEFAULTS",
    "Config",
    "LoadedConfig",
    "Override",
    "config_names",
    "find_config",
    "load_config",
    "parse_set",
    "read_yaml",
]
