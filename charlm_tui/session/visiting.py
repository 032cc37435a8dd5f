"""Somebody who is at this machine through a browser: which models are theirs to take.

Knows no conversation. That a visitor has no files is said in `obstacles`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from charlm_tui.errors import CommandError
from charlm_tui.lm.model_file import shipped, shipped_names


class Visit(NamedTuple):
    """What a visitor is given."""

    model: str
    """Path of the model that is served."""

    @property
    def models(self) -> Mapping[str, str]:
        """The path of each model that a visitor can take, by the name that is typed."""
        served = Path(self.model)
        return {name: str(shipped(name)) for name in shipped_names()} | {served.stem: self.model}

    def place_of_model(self, name: str) -> str:
        """Return the path of a model by its name.

        Raises:
            CommandError: a visitor can take none of that name.
        """
        models = self.models
        if name not in models:
            raise CommandError(
                f"a visitor cannot open {name!r:.40}; give the name of a model that is served: "
                f"{', '.join(sorted(models))}"
            )
        return models[name]
