"""The line editor of the chat: several lines, a history, completion of commands, a status below.

Sets prompt_toolkit up, and owns what its keys do in the prompt; whoever runs it decides the rest.
"""

from collections.abc import Callable, Iterable
from threading import Thread

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from charlm_tui.history.recorder import Keeper, past_prompts
from charlm_tui.repl.completion import CommandCompleter
from charlm_tui.repl.keys import IN_PROMPT

PAST_S = 1.0  # that the first prompt waits for what was typed in other sessions, at the most
MENU_ROWS = 7  # that the completions may take below the line
_STYLE = Style.from_dict(
    {"prompt": "bold", "bottom-toolbar": "noreverse", "bottom-toolbar.text": "reverse"}
)


class KeptPrompts(History):
    """What was typed, in this session and in others; the history keeps it.

    It is read on a thread while the model loads: a disk may take its time.
    """

    def __init__(self, keeper: Keeper) -> None:
        super().__init__()
        self._keeper = keeper
        self._past: list[str] = []
        self._reader = Thread(target=self._read, name="prompts", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._past = past_prompts(self._keeper.path)

    def load_history_strings(self) -> Iterable[str]:
        self._reader.join(PAST_S)
        return self._past

    def store_string(self, string: str) -> None:
        self._keeper.prompt(string)


def new_prompt(
    mark: str,
    status: Callable[[int], str],
    run: Callable[[str], None],
    source: Input,
    history: History,
) -> PromptSession[str]:
    """Make the prompt.

    Args:
        mark: stands before the line.
        status: gives the line at the bottom, for a width.
        run: runs a command by its id.
        source: of keys.
        history: of what was typed.
    """

    def toolbar() -> str:
        return status(get_app().output.get_size().columns)

    return PromptSession(
        mark,
        multiline=True,
        prompt_continuation=" " * len(mark),
        completer=CommandCompleter(),
        complete_while_typing=Condition(_is_command),
        reserve_space_for_menu=MENU_ROWS,
        history=history,
        bottom_toolbar=toolbar,
        key_bindings=_bindings(run),
        enable_suspend=True,
        enable_open_in_editor=True,
        style=_STYLE,
        input=source,
    )


def _is_command() -> bool:
    text = get_app().current_buffer.text
    return text.startswith("/") and not text.startswith("//")


def _bindings(run: Callable[[str], None]) -> KeyBindings:
    bindings = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @bindings.add("enter", filter=typing)
    def send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @bindings.add("c-n", filter=typing)
    @bindings.add("escape", "enter", filter=typing)
    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @bindings.add("c-c", filter=typing)
    @bindings.add("<sigint>")
    def interrupt(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt())

    def bind(key: str, command: str) -> None:
        @bindings.add(key, filter=typing)
        def run_command(event: KeyPressEvent) -> None:
            run(command)
            event.app.invalidate()

    for key, command in {**IN_PROMPT, "f1": "help"}.items():
        bind(key, command)
    return bindings
