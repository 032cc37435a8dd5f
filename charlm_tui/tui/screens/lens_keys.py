"""The keys of the neuron lens, and what its words mean."""

from textual.binding import Binding, BindingType

from charlm_tui.tui.widgets.unit_text import MOST_COLUMNS

_UNIT = Binding.Group("Unit", compact=True)
_RANK = Binding.Group("Rank", compact=True)
_CHARACTER = Binding.Group("Character", compact=True)
LEAST_WANTED = (
    "lens.character-before",
    "lens.columns",
    "lens.down",
    "lens.named",
    "lens.foretells",
    "lens.ranking",
)
"""What the line of keys leaves out first, where there is not room for all."""

WORDS: tuple[tuple[str, str], ...] = (
    ("unit", "one of the numbers that the network carries from character to character"),
    ("activation", "a unit's value after a character, which tints it: below and above zero"),
    (
        "ranking",
        "an order of the units: by how much they vary, or by what they tell apart",
    ),
    (
        "reads, predicts",
        "correlation with the character that was read, or with the next one: such a unit goes "
        "along with it, and need not cause anything",
    ),
    (
        "cause",
        "how far the prediction of the marked character moves once the unit alone is set to "
        "zero, or to its mean, in the state that it was predicted from",
    ),
    ("held", "kept at a value in what the model writes from here on"),
    ("pin", "keep a unit's column beside the others, four at the most"),
)
"""What its words mean, for the help."""

BINDINGS: list[BindingType] = [
    Binding("escape", "leave", "Back", id="lens.leave"),
    Binding("f1", "help", "Help", show=False, id="lens.help"),
    Binding(
        "left_square_bracket", "step(-1)", "Unit", key_display="[", group=_UNIT,
        id="lens.before",
    ),
    Binding(
        "right_square_bracket", "step(1)", "Unit", key_display="]", group=_UNIT,
        id="lens.next",
    ),
    Binding("up", "move(-1)", "Rank", key_display="↑", group=_RANK, id="lens.up"),
    Binding("down", "move(1)", "Rank", key_display="↓", group=_RANK, id="lens.down"),
    Binding("f,tab", "ranking(1)", "Ranking", key_display="f", id="lens.ranking"),
    Binding("F,shift+tab", "ranking(-1)", "Ranking", show=False, id="lens.ranking-before"),
    Binding("r", "predicts", "Reads/predicts", id="lens.foretells"),
    Binding("c", "causes", "Cause", id="lens.causes"),
    Binding("m", "mean", "Zero/mean", show=False, id="lens.mean"),
    Binding(
        "left", "mark(-1)", "Character", key_display="←", group=_CHARACTER,
        id="lens.character-before",
    ),
    Binding(
        "right", "mark(1)", "Character", key_display="→", group=_CHARACTER,
        id="lens.character-next",
    ),
    Binding("h", "hold", "Hold", id="lens.hold"),
    Binding("p", "pin", "Pin", id="lens.pin"),
    Binding("P", "unpin", "Unpin all", show=False, id="lens.unpin"),
    Binding("g", "named", "Unit by name", id="lens.named"),
    *(
        Binding(
            f"{number}",
            f"pinned({number})",
            show=False,
            tooltip=f"Go to pinned unit {number}.",
            id=f"lens.pin-{number}",
        )
        for number in range(1, MOST_COLUMNS + 1)
    ),
    Binding("j", "scroll(1)", "Down", show=False, id="lens.line-down"),
    Binding("k", "scroll(-1)", "Up", show=False, id="lens.line-up"),
    Binding("pagedown,space", "page(1)", "Page down", show=False, id="lens.page-down"),
    Binding("pageup,b", "page(-1)", "Page up", show=False, id="lens.page-up"),
    Binding("home", "edge(-1)", "Top", show=False, id="lens.top"),
    Binding("end,G", "edge(1)", "End", show=False, id="lens.end"),
]  # fmt: skip
