"""The settings file: what it and the environment can set, which of them won, and what is wrong.

One sentence per wrong entry, and the rest still applies. Knows nothing of screens: names of
themes and bindings are checked against what a front end says it has.
"""

from charlm_tui.session.config.configuration import (
    Configuration,
    Fault,
    Known,
    Origin,
    Source,
    unknown,
)
from charlm_tui.session.config.entries import ENTRIES, Entry
from charlm_tui.session.config.kinds import CARRIED, found
from charlm_tui.session.config.reading import default_path, find_path, read

__all__ = [
    "CARRIED",
    "ENTRIES",
    "Configuration",
    "Entry",
    "Fault",
    "Known",
    "Origin",
    "Source",
    "default_path",
    "find_path",
    "found",
    "read",
    "unknown",
]
