"""Other ways from the selected character: another symbol, typed text, or other random numbers.

Owns which character is typed over; what a branch is, the conversation knows.
"""

from charlm_tui.controls.controls import new_rng_seed
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import Noticed, TurnRemoved, TurnRewound, Update
from charlm_tui.tui.view import ConversationView
from charlm_tui.tui.widgets.prompt import Prompt

PLACEHOLDER = "Type a seed, Enter to send; / for commands"
EDITING = "Type the replacement; Enter continues from it, Esc cancels"


class Branching:
    """Takes other ways from a character.

    Args:
        conversation: that branches.
        view: has the selected character; it is deselected when a way is taken.
        prompt: where text is typed that replaces it.
    """

    def __init__(self, conversation: Conversation, view: ConversationView, prompt: Prompt) -> None:
        self._conversation = conversation
        self._view = view
        self.prompt = prompt
        self._place: tuple[Turn, int] | None = None
        prompt.placeholder = PLACEHOLDER

    @property
    def typing_over(self) -> bool:
        """Whether what is typed replaces a character."""
        return self._place is not None

    def show(self, update: Update) -> None:
        """Stop typing over a character that is no longer shown."""
        match update:
            case TurnRewound(turn=turn, length=length):
                self._stop_at(turn, length)
            case TurnRemoved(turn=turn):
                self._stop_at(turn, 0)

    def begin(self) -> None:
        """Start typing over the selected character."""
        if self._view.selected is not None:
            self._edit(self._view.selected)
            self.prompt.focus()

    def cancel(self) -> None:
        """Turn the prompt back into one for seeds."""
        self._edit(None)

    def take(self, text: str) -> bool:
        """Replace the character by a text, if there is any; return whether it was taken."""
        place = self._place
        self.cancel()
        if not text:
            return True
        if place is None or self._conversation.model is None:
            return False
        vocabulary = place[0].vocabulary
        fitted = vocabulary.fit(text)
        if not fitted.text:
            self._view.show(Noticed(f"nothing was typed over: {fitted.notice}", error=True))
            return False
        self._view.transcript.selection = None
        taken = self._conversation.tree.branch(*place, vocabulary.encode(fitted.text))
        if taken and fitted.notice:
            self._view.show(Noticed(fitted.notice))
        return taken

    def pick(self, symbol: int) -> None:
        """Continue from another symbol in place of the selected one, by its id."""
        if self._view.selected is None:
            return
        turn, number = self._view.selected
        if list(turn.tape.ids(number, number + 1)) == [symbol]:
            self.prompt.notify("That character is already there.")
            return
        self._view.transcript.selection = None
        self._conversation.tree.branch(turn, number, [symbol])

    def redraw(self) -> None:
        """Draw again from the selected character, with other random numbers."""
        if self._view.selected is not None:
            turn, number = self._view.selected
            self._view.transcript.selection = None
            self._conversation.tree.branch(turn, number, rng_seed=new_rng_seed())

    def _edit(self, place: tuple[Turn, int] | None) -> None:
        self._place = place
        self.prompt.placeholder = EDITING if place is not None else PLACEHOLDER
        self.prompt.set_class(place is not None, "-editing")

    def _stop_at(self, turn: Turn, length: int) -> None:
        """Stop typing over a character, if a turn has only `length` of those it was among."""
        if self._place is None:
            return
        edited, number = self._place
        if edited not in self._conversation.turns or (edited is turn and number >= length):
            self.cancel()
            self.prompt.notify("The character to type over is no longer shown.", severity="warning")
