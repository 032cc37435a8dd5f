"""What Tab completes in the chat's prompt."""

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from charlm_tui.session.completion import candidates


class CommandCompleter(Completer):
    """Completes what begins with one slash, on the first line."""

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002  (prompt_toolkit gives it)
    ) -> Iterable[Completion]:
        """Yield what can stand at the cursor."""
        typed = document.text_before_cursor
        for each in candidates(typed, chat=True):
            yield Completion(each.line, -len(typed), display=each.shown, display_meta=each.help)
