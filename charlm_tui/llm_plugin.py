"""The models in the command `llm` (https://llm.datasette.io): `llm -m charlm "the "`.

An entry point, which `llm` alone imports. The options are the plain ones of `Settings`, and the
length. Knows nothing but the Python interface, and the list of models.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import llm
from pydantic import Field, create_model

from charlm_tui.api import Model, Settings, load
from charlm_tui.controls.controls import REPLY_LENGTH
from charlm_tui.controls.parameters import PARAMETERS
from charlm_tui.lm.model_file import DEFAULT_MODEL
from charlm_tui.session.models import listed_models

PLAIN = (bool, float, int, str)
_HELP = {row.field: row.help for row in PARAMETERS}
_OPTIONS: dict[str, Any] = {
    it.name: (type(it.default) | None, Field(default=None, description=_HELP[it.name]))
    for it in fields(Settings)
    if type(it.default) in PLAIN and it.name in _HELP
}


class CharacterModel(llm.Model):  # type: ignore[misc]
    """A model of ours, which is loaded when it is first asked.

    Args:
        name: as `charlm-tui models` lists it.
    """

    can_stream = True
    Options = create_model(
        "Options",
        __base__=llm.Options,
        length=(int, Field(default=REPLY_LENGTH, description=_HELP["length"])),
        **_OPTIONS,
    )

    def __init__(self, name: str) -> None:
        self.model_id = "charlm" if name == DEFAULT_MODEL else f"charlm/{name}"
        self._name = name
        self._model: Model | None = None

    def execute(self, prompt: Any, **_: Any) -> Iterator[str]:
        """Yield the reply in pieces; the prompt is the seed, and what was before is not read."""
        self._model = self._model or load(self._name)
        chosen = prompt.options.model_dump(exclude_none=True)
        yield from self._model.stream(prompt.prompt or "", **chosen)


@llm.hookimpl  # type: ignore[untyped-decorator]
def register_models(register: Any) -> None:
    """Register the models that have names."""
    for each in listed_models():
        if not each.fault:
            register(CharacterModel(each.name))
