"""Writes one entry into the settings file and leaves everything else in it as it stands.

The file is a person's: comments and order are kept, a file that is not understood is not touched,
and what would be written is read back before it is.
"""

import tomllib
from pathlib import Path
from typing import Any, cast

from charlm_tui.controls.config_file import MOST_SETTINGS_BYTES
from charlm_tui.controls.kinds import Parameter
from charlm_tui.controls.parameters import BY_NAME
from charlm_tui.errors import CharlmError
from charlm_tui.files import (
    FileReadError,
    FileWriteError,
    check_file,
    make_folder_for,
    read_file,
    replace_file,
)


class ConfigWriteError(CharlmError):
    """The settings file cannot be written; it is as it was."""


def keep(path: Path, name: str, value: Any) -> None:
    """Write one entry into the file, which is made if there is none.

    A link stays a link, and permissions stay.

    Args:
        path: of the settings file.
        name: of an entry of `PARAMETERS`.
        value: of it, as `Configuration.value` gives it; not None.

    Raises:
        ConfigWriteError: the file cannot be read, is not TOML, or cannot be written.
    """
    entry = BY_NAME[name]
    assert value is not None or not entry.sample, "what is not set has no form in TOML"
    literal = entry.to_toml(value)
    try:
        before = _text_of(path) if check_file(path) else ""
        after = _changed(path, before, entry, literal)
        if after != before:
            make_folder_for(path)
            replace_file(path, after)
    except UnicodeDecodeError as error:
        raise _left_alone(path, "it is not UTF-8") from error
    except (FileWriteError, FileReadError) as error:
        raise ConfigWriteError(
            f"{path} cannot be written: {error.reason}; name another file with --config"
        ) from error


def _text_of(path: Path) -> str:
    return read_file(path, MOST_SETTINGS_BYTES, "").decode("utf-8")


def _changed(path: Path, before: str, entry: Parameter, literal: str) -> str:
    """Return the file's text with the entry set."""
    import tomlkit  # takes time, and only somebody who changes something needs it
    from tomlkit.exceptions import TOMLKitError

    try:
        expected, document = tomllib.loads(before), tomlkit.parse(before)
        wanted, where = expected, cast(dict[str, Any], document)
        if entry.table:
            if entry.table not in document:
                document.add(entry.table, tomlkit.table())
            wanted, where = expected.setdefault(entry.table, {}), where[entry.table]
        wanted[entry.name] = tomllib.loads(f"x = {literal}")["x"]
        where[entry.name] = tomlkit.value(literal)
        after: str = tomlkit.dumps(document)
        after += "" if after.endswith("\n") else "\n"
        sound = tomllib.loads(after) == expected
    except (ValueError, TypeError, RecursionError, TOMLKitError) as error:
        raise _left_alone(path, f"it is not TOML that can be changed ({error})") from error
    if not sound:
        raise _left_alone(path, f"{entry.name} finds no place in it")
    return after


def _left_alone(path: Path, reason: str) -> ConfigWriteError:
    return ConfigWriteError(
        f"{path} is left as it is, for {reason}; charlm-tui config check tells more"
    )
