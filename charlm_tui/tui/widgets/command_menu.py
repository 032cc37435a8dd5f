"""The commands that what is being typed can become, in a list over the prompt."""

from collections.abc import Iterable

from textual.suggester import Suggester
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from charlm_tui.session.completion import Candidate, candidates
from charlm_tui.text import visible

MOST_LISTED = 60


class SuggestCommand(Suggester):
    """Suggests how a command goes on that is typed without its slash.

    Args:
        begun: of the command, if only what stands behind it is typed.
        models: names of those that a visitor can take, who has no files; None is anybody else.
    """

    def __init__(self, begun: str = "", models: Iterable[str] | None = None) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._begun = begun
        self._models = models

    async def get_suggestion(self, value: str) -> str | None:
        """Return the first line that what is typed can become; None if there is none."""
        before = "" if value.startswith("/") and not self._begun else f"/{self._begun}"
        found = next(candidates(before + value, models=self._models), None) if value else None
        if found is None or not found.line.isprintable():  # a path can have any character
            return None
        return found.line.removeprefix(before)


class CommandMenu(OptionList, can_focus=False):
    """What a line that begins with a slash can become; not there while nothing is listed.

    Args:
        models: names of those that a visitor can take, who has no files; None is anybody else.
    """

    def __init__(self, models: Iterable[str] | None = None) -> None:
        super().__init__(id="command-menu", markup=False, compact=True)
        self._found: list[Candidate] = []
        self._models = models
        self.display = False

    def follow(self, line: str) -> None:
        """List what a line can become."""
        every = candidates(line, models=self._models)
        found = [each for each in every if each.line != line][:MOST_LISTED]
        if found == self._found:
            return
        self._found = found
        width = max((len(each.shown) for each in found), default=0)
        self.clear_options()
        self.add_options(
            [Option(visible(f"{each.shown:<{width}}  {each.help}".rstrip(), "")) for each in found]
        )
        self.highlighted = None
        self.display = bool(found)

    def move(self, steps: int) -> None:
        """Go to another line of the list, around its end."""
        if self._found:
            place = -1 if self.highlighted is None and steps > 0 else (self.highlighted or 0)
            self.highlighted = (place + steps) % len(self._found)

    @property
    def chosen(self) -> str:
        """The line that was gone to; nothing if none was."""
        return "" if self.highlighted is None else self._found[self.highlighted].line

    @property
    def completed(self) -> str:
        """The line that was gone to, else the first one; nothing if there is none."""
        return self.chosen or (self._found[0].line if self._found else "")
