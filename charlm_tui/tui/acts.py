"""Acts: what is done on the screen alone, by a key or from the palette, one row for each.

What the conversation does is in the table of commands.
"""

from collections.abc import Callable
from typing import NamedTuple

from charlm_tui.session.obstacles import nothing
from charlm_tui.tui.situation import (
    Situation,
    no_branch,
    no_comparison,
    no_corpus,
    no_editor,
    no_files,
    no_history,
    no_look,
    no_second_model,
    no_siblings,
    no_turn,
    no_twin,
    not_ready,
)

TEXT = "The prompt and the text"
TEMPERATURE = "Temperature"
STREAM = "The stream"
TURNS = "Seeds and replies"
CHARACTER = "The selected character"
PANELS = "Panels"
SCREENS = "Screens"
SECTIONS = (TEMPERATURE, STREAM, TURNS, CHARACTER, PANELS, SCREENS)
"""What keys have to do with, in the order of the help."""


class Act(NamedTuple):
    """Something that is done on the screen alone; a key and an entry of the palette."""

    id: str
    """Of its bindings, behind a dot, and for good: it stands in settings files."""
    action: str
    """Of the studio's screen."""
    title: str
    """In the palette."""
    label: str
    """In the footer."""
    help: str
    plain: str = ""
    """On the transcript."""
    anywhere: str = ""
    footer: bool = False
    """Whether the footer shows it when it can be done."""
    obstacle: Callable[[Situation], str] = nothing
    """Returns why it cannot be done now, as a clause; nothing if it can."""
    section: str = SCREENS
    """Of the help."""
    slash: str = ""
    """The command that does it, if that is called otherwise."""


ACTS = (
    Act(
        "alternatives",
        "go_to('next')",
        "Alternatives",
        "Alternatives",
        "Go to the selected character's alternatives; Enter there takes another way.",
        "p",
        footer=True,
        obstacle=no_branch,
        section=CHARACTER,
    ),
    Act(
        "type-over",
        "branch('begin')",
        "Type over",
        "Type over",
        "Type a replacement for the selected character; the model continues from it.",
        "e",
        footer=True,
        obstacle=no_branch,
        section=CHARACTER,
    ),
    Act(
        "draw-anew-from-here",
        "branch('redraw')",
        "Redraw from here",
        "Redraw",
        "Take another way from the selected character, with other random numbers.",
        "R",
        footer=True,
        obstacle=no_branch,
        section=CHARACTER,
    ),
    Act(
        "previous-sibling",
        "walk(-1)",
        "Previous sibling",
        "Sibling",
        "Show the reply's sibling before.",
        "left_square_bracket",
        footer=True,
        obstacle=no_siblings,
        section=CHARACTER,
    ),
    Act(
        "next-sibling",
        "walk(1)",
        "Next sibling",
        "Sibling",
        "Show the reply's next sibling.",
        "right_square_bracket",
        footer=True,
        obstacle=no_siblings,
        section=CHARACTER,
    ),
    Act(
        "copy",
        "copy",
        "Copy",
        "Copy",
        "Copy the selection, or the whole reply.",
        "y",
        footer=True,
        obstacle=no_turn,
        section=CHARACTER,
    ),
    Act(
        "tint",
        "tint",
        "Tint",
        "Tint",
        "Tint the text by surprisal, entropy, temperature, reach, what the corpus has of it,"
        " or not.",
        "v",
        footer=True,
        obstacle=no_turn,
        section=CHARACTER,
    ),
    Act(
        "panels",
        "panels",
        "Panels",
        "Panels",
        "Fold the panels away, or unfold them; with room for one: show the next.",
        anywhere="ctrl+o",
        footer=True,
        section=PANELS,
    ),
    Act(
        "controls",
        "go_to('controls')",
        "Controls",
        "Controls",
        "Go to the controls: arrows turn them, Enter types a value.",
        "c",
        section=PANELS,
    ),
    Act(
        "panel-next-character",
        "panel('next')",
        "Panel: next character",
        "",
        "Show or hide the next character.",
        "N",
        section=PANELS,
    ),
    Act(
        "panel-controls",
        "panel('controls')",
        "Panel: controls",
        "",
        "Show or hide the controls.",
        "C",
        section=PANELS,
    ),
    Act(
        "panel-surprise",
        "panel('surprise')",
        "Panel: surprise",
        "",
        "Show or hide surprise over time.",
        "S",
        section=PANELS,
    ),
    Act(
        "panel-recital",
        "panel('recital')",
        "Panel: recital",
        "",
        "Show or hide what stands in the corpus.",
        "M",
        section=PANELS,
    ),
    Act(
        "ladder",
        "open('ladder')",
        "Ladder",
        "Ladder",
        "Continue one seed, the prompt's or the last, at 0.2, 0.5, 1.0 and 1.2, side by side.",
        "A",
        obstacle=not_ready,
    ),
    Act(
        "ladder-of-temperatures",
        "open('own_ladder')",
        "Ladder of temperatures",
        "",
        "The same with two to eight temperatures of one's own.",
        obstacle=not_ready,
    ),
    Act(
        "ladder-of-models",
        "open('model_ladder')",
        "Ladder of models",
        "",
        "Continue one seed by two to eight models, side by side, with the same random numbers.",
        obstacle=not_ready,
    ),
    Act(
        "twin",
        "open('twin')",
        "Twin",
        "",
        "Continue one seed with the held units, beside a twin that is left alone.",
        "B",
        obstacle=no_twin,
    ),
    Act(
        "neuron-lens",
        "open('lens')",
        "Neuron lens",
        "Lens",
        "Tint the reply by what units of the model do.",
        "a",
        obstacle=no_look,
        slash="lens",
    ),
    Act(
        "what-if",
        "open('what_if')",
        "What if",
        "What if",
        "Compare other settings at the selected character.",
        "m",
        footer=True,
        obstacle=no_comparison,
        section=CHARACTER,
    ),
    Act(
        "reach",
        "open('reach')",
        "Reach",
        "Reach",
        "See how far back the model looks for the selected character, and what matters to it; "
        "without one it follows the newest.",
        "z",
        footer=True,
        obstacle=no_look,
        section=CHARACTER,
    ),
    Act(
        "causes",
        "open('causes')",
        "What units cause",
        "",
        "Rank the units of the model by what they cause at the selected character.",
        obstacle=no_look,
        section=CHARACTER,
    ),
    Act(
        "against",
        "open('against')",
        "Against another model",
        "",
        "Compare how two models predict the reply: its own, and another.",
        "V",
        obstacle=no_second_model,
    ),
    Act(
        "game",
        "open('game')",
        "Shannon's game",
        "",
        "Guess a hidden passage of the corpus, character by character, beside the model.",
        "E",
        obstacle=no_corpus,
    ),
    Act(
        "quiz",
        "open('quiz')",
        "Corpus or model?",
        "",
        "Say of five passages whether they are the corpus' or the model's.",
        "Q",
        obstacle=no_corpus,
    ),
    Act(
        "history",
        "history",
        "History",
        "History",
        "Find a reply that was kept.",
        "slash",
        obstacle=no_history,
    ),
    Act(
        "tour",
        "open('tour')",
        "Guided tour",
        "Tour",
        "Perform the notebook's experiment in nine steps: each press does the next.",
        anywhere="f7",
        obstacle=not_ready,
    ),
    Act(
        "command",
        "open('command_line')",
        "Command",
        "",
        "Type a command, such as temp 0.7.",
        "colon",
    ),
    Act(
        "find",
        "open('find')",
        "Find in the text",
        "Find",
        "Find words in the seeds and the replies; Enter goes to the next place.",
        "F",
        obstacle=no_turn,
        section=TEXT,
    ),
    Act(
        "editor",
        "open('editor')",
        "Edit the prompt",
        "Editor",
        "Type the seed in an editor of your own: $VISUAL, else $EDITOR.",
        anywhere="f6",
        obstacle=no_editor,
        section=TEXT,
    ),
    Act(
        "seed-from-a-file",
        "open('seed_file')",
        "Seed from a file",
        "",
        "Put a file's text into the prompt.",
        "o",
        obstacle=no_files,
        section=TURNS,
    ),
    Act(
        "seed-from-the-corpus",
        "open('corpus_seed')",
        "Seed from the corpus",
        "",
        "Put a passage of the corpus into the prompt.",
        "O",
        obstacle=no_corpus,
        section=TURNS,
    ),
)
