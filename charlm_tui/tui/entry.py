"""What is typed into the prompt: what it does, and what is put there.

Nothing that was typed is lost: what was not taken comes back. Knows no keys.
"""

from collections.abc import Callable, Iterable
from functools import partial

from charlm_tui.errors import CommandError
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.typed import Meaning, line_of, meaning, take_line
from charlm_tui.tui.branching import Branching
from charlm_tui.tui.widgets.prompt import Prompt


class Entry:
    """Takes what is sent from a prompt.

    Args:
        conversation: that seeds and commands are for.
        prompt: where they are typed.
        branching: takes what is typed over a character.
        attempt: does something, and shows the sentence if it cannot be done.
    """

    def __init__(
        self,
        conversation: Conversation,
        prompt: Prompt,
        branching: Branching,
        attempt: Callable[[Callable[[], object]], None],
    ) -> None:
        self.prompt = prompt
        self.branching = branching
        self._conversation = conversation
        self._attempt = attempt

    def take(self, text: str) -> bool:
        """Do what was sent; return whether it is text for the model, and no command."""
        self.prompt.prompts.add(text)
        if self.branching.typing_over:
            if not self.branching.take(text):
                self.prompt.give_back(text)
            return True
        self._attempt(partial(self._do, text))
        return meaning(text) is not Meaning.COMMAND

    def _do(self, text: str) -> None:
        try:
            if take_line(self._conversation, text):
                return
        except CommandError:
            self.prompt.give_back(text)
            raise
        self.prompt.give_back(text)

    def offer(self, seed: str) -> None:
        """Put a seed in place of what is in the prompt."""
        self.prompt.offer(line_of(seed))
        self.prompt.focus()

    def give_back(self, seed: str) -> None:
        """Put a seed that was not taken before what has been typed since."""
        self.prompt.give_back(line_of(seed))

    def load_prompts(self, newest_first: Iterable[str]) -> None:
        """Load what was typed in other sessions, so that it can be recalled."""
        self.prompt.prompts.load(newest_first)
