"""Every place that writes to a terminal or a clipboard is known, and shows text as text."""

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "charlm_tui"
WRITES = re.compile(
    r"\bprint\(|sys\.std(?:out|err)\.(?:write|buffer)|\.file\.write\(|click\.echo\(|error\.show\("
    r"|\.notify\(|copy_to_clipboard\(|border_(?:sub)?title\s*=|set_title|os\.write\("
)
KNOWN = {
    "cli/against.py": "tinted() and visible() before it",
    "cli/__init__.py": "click's own words for a wrong usage, through say()",
    "cli/streams.py": "the two places that everything of the commands goes through",
    "engine/rescue.py": "the sequence that takes a terminal out of the app's modes",
    "engine/worker.py": "a condition that is notified, no terminal",
    "repl/chat.py": "two sequences of its own, for pastes",
    "repl/printer.py": "visible() before it",
    "runs/log_file.py": "lines of JSON into a file of its own",
    "runs/requests.py": "the same",
    "text.py": "show(), for every line of training",
    "training/download.py": "visible() before it",
    "training/progress.py": "visible() before it; a table of figures",
    "training/tf_process.py": "answers for another process, as JSON",
    "tui/app.py": "notify(), through which all of the app's go",
    "tui/branching.py": "through CharlmApp.notify()",
    "tui/dialogs.py": "through CharlmApp.notify()",
    "tui/screens/game.py": "its own title",
    "tui/screens/game_table.py": "through the app's copy_to_clipboard()",
    "tui/screens/ladder.py": "figures of a lane",
    "tui/screens/lens.py": "words and figures of its own",
    "tui/screens/overlay.py": "visible() before it",
    "tui/screens/studio.py": "through CharlmApp.notify() and copy_to_clipboard()",
    "tui/screens/twin.py": "figures of a lane, units and symbols through visible()",
    "tui/terminal_app.py": "copy_to_clipboard(), through which all of the app's go",
    "tui/visitor_driver.py": "what Textual has drawn, into a pipe",
    "tui/widgets/control_panel.py": "its own title",
    "tui/widgets/find_line.py": "through CharlmApp.notify()",
    "tui/widgets/next_character.py": "its own title",
    "tui/widgets/prompt.py": "through CharlmApp.notify()",
    "tui/widgets/recital.py": "its own title",
    "tui/widgets/surprise.py": "its own title",
}
"""Why each of them lets no control character of a text through."""


def test_no_place_writes_that_nobody_has_looked_at() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if WRITES.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(KNOWN)
