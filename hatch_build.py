"""What the wheel says of where this project is: addresses, and the README as PyPI shows it.

Whose account the project is in is not decided. It is one line, `owner` of
`[tool.hatch.metadata.hooks.custom]` in pyproject.toml: without it there are no addresses, and the
pictures of the README are seen in a checkout alone.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

HOST = "https://github.com"
PICTURES = "https://raw.githubusercontent.com"
LINK = re.compile(r"(?P<picture>!?)(?P<text>\[[^\]]*\])\((?!https?:|#|mailto:)(?P<path>[^)\s]+)\)")


class AddressesHook(MetadataHookInterface):
    """Adds the addresses and the README."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in what pyproject.toml declares as dynamic, in place."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        owner = self.config.get("owner", "")
        if owner:
            home = f"{owner}/{metadata['name']}"
            metadata["urls"] = addresses(home)
            readme = absolute(readme, home, "HEAD")
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def addresses(home: str) -> dict[str, str]:
    """Return the addresses of a project.

    Args:
        home: `owner/name`.
    """
    at = f"{HOST}/{home}"
    return {
        "Homepage": at,
        "Documentation": f"{at}#readme",
        "Issues": f"{at}/issues",
        "Changelog": f"{at}/blob/HEAD/CHANGELOG.md",
    }


def absolute(readme: str, home: str, commit: str) -> str:
    """Return a README whose links and pictures mean the same wherever it stands.

    Args:
        readme: in Markdown, with paths from the root of the repository.
        home: `owner/name`.
        commit: of the files.
    """

    def address(link: re.Match[str]) -> str:
        place = f"{PICTURES}/{home}/{commit}" if link["picture"] else f"{HOST}/{home}/blob/{commit}"
        return f"{link['picture']}{link['text']}({place}/{link['path']})"

    return LINK.sub(address, readme)
