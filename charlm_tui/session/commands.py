"""What a person can tell the program to do, whichever front end they sit at.

A key of the app, an entry of its palette and a slash command of the REPL are the same object.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from charlm_tui.controls.controls import PRESETS, new_rng_seed, next_preset, warmer
from charlm_tui.session.arguments import (
    branch,
    carry,
    info,
    numbered_preset,
    pin,
    score,
    turned,
    use_model,
)
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.handover import received, save, share
from charlm_tui.session.holding import hold
from charlm_tui.session.knobs import KNOBS, Knob
from charlm_tui.session.obstacles import (
    Obstacle,
    no_branch,
    no_other_speed,
    no_other_step,
    no_other_temperature,
    no_seed,
    no_step,
    no_turn,
    not_busy,
    not_ready,
    not_resumable,
    not_stoppable,
    nothing,
    nothing_to_save,
)
from charlm_tui.session.updates import (
    HelpWanted,
    Noticed,
    QuitWanted,
    ViewWanted,
)

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording


class Command(NamedTuple):
    """One thing to do."""

    id: str
    title: str
    """In two or three words, as a palette shows it."""
    help: str
    """One sentence."""
    run: Callable[[Conversation, str], object]
    """Does it, with what was typed behind the command's name; raises a `CharlmError`."""
    obstacle: Obstacle = nothing
    """Returns why it cannot be done now, as a clause; nothing if it can."""
    slash: str = ""
    """Its name where commands are typed, without the slash; nothing if it has none."""
    argument: str = ""
    """What is typed behind it, in brackets if it may be left out; empty if it takes nothing."""
    screen: bool = False
    """Whether it opens a screen, which the app alone has."""


def _plain(run: Callable[[Conversation], object]) -> Callable[[Conversation, str], object]:
    return lambda it, _: run(it)


def _preset(number: int, temperature: float) -> Command:
    return Command(
        f"preset-{number}",
        f"Temperature {temperature}",
        f"Set the temperature to the notebook's {temperature}.",
        lambda it, _: it.temperature.set(temperature),
        no_other_temperature(temperature),
    )


def _typed(knob: Knob) -> Command:
    def run(it: Conversation, text: str) -> None:
        if text:
            knob.type(it, text)
        else:
            idle = knob.idle(it)
            it.tell(Noticed(f"{knob.row.title}: {knob.shown(it)}{f'; {idle}' if idle else ''}"))

    slash = {"temperature": "temp", "moving": "move"}.get(knob.id, knob.id)
    return Command(
        knob.id,
        f"Set {knob.row.title_inside}",
        knob.row.help,
        run,
        slash=slash,
        argument="[VALUE]",
    )


def _taking(
    take: "Callable[[Conversation, Recording], object]",
) -> Callable[[Conversation, str], object]:
    return lambda it, text: take(it, received(it, text))


_COMMANDS = (
    Command(
        "cooler",
        "Cooler",
        "Lower the temperature by 0.05: surer, more repetitive text.",
        lambda it, _: it.temperature.set(warmer(it.temperature.now, -1)),
        no_other_step(-1),
    ),
    Command(
        "warmer",
        "Warmer",
        "Raise the temperature by 0.05: bolder, more surprising text.",
        lambda it, _: it.temperature.set(warmer(it.temperature.now, +1)),
        no_other_step(+1),
    ),
    Command(
        "next-preset",
        "Next preset",
        "Set the temperature to the next of the notebook's four: 0.2, 0.5, 1.0, 1.2.",
        lambda it, _: it.temperature.set(next_preset(it.temperature.now)),
    ),
    Command(
        "sweep-down",
        "Sweep down",
        "Lower the temperature for as long as the key is held.",
        lambda it, _: it.temperature.hold(-1),
        no_other_step(-1),
    ),
    Command(
        "sweep-up",
        "Sweep up",
        "Raise the temperature for as long as the key is held.",
        lambda it, _: it.temperature.hold(+1),
        no_other_step(+1),
    ),
    *(_preset(number, temperature) for number, temperature in enumerate(PRESETS, start=1)),
    Command(
        "preset",
        "Set preset",
        "Set the temperature to one of the notebook's: 1 is 0.2, 2 is 0.5, 3 is 1.0, 4 is 1.2.",
        numbered_preset,
        slash="preset",
        argument="N",
    ),
    Command(
        "pause",
        "Pause or resume",
        "Pause the reply, or resume it.",
        _plain(Conversation.pause),
        not_busy,
    ),
    Command(
        "step",
        "Step",
        "Draw one character of the reply, and pause.",
        _plain(Conversation.step),
        no_step,
    ),
    Command(
        "stop",
        "Stop",
        "Stop the reply here and keep it.",
        _plain(Conversation.stop),
        not_stoppable,
        slash="stop",
    ),
    Command(
        "go-on",
        "Continue",
        "Continue the reply from where it ended.",
        _plain(Conversation.resume),
        not_resumable,
        slash="go",
    ),
    Command(
        "again",
        "Regenerate",
        "Reply to the last seed again, with a new RNG seed; the reply of now stays as a sibling.",
        _plain(Conversation.regenerate),
        no_seed,
        slash="again",
    ),
    Command(
        "repeat",
        "Send the seed again",
        "Send the last seed again, as a new turn with a new RNG seed.",
        _plain(Conversation.repeat),
        no_seed,
        slash="repeat",
    ),
    Command(
        "dream",
        "Dream a seed",
        "Let the model make up a seed and put it into the prompt.",
        _plain(Conversation.dream),
        not_ready,
        slash="dream",
    ),
    Command(
        "undo",
        "Undo",
        "Remove the last turn, seed and reply.",
        lambda it, _: it.tree.undo(),
        no_turn,
        slash="undo",
    ),
    Command(
        "redo",
        "Redo",
        "Restore the turn that was removed last.",
        lambda it, _: it.tree.redo(),
        lambda it: "" if it.tree.can_redo else "nothing was undone",
        slash="redo",
    ),
    Command(
        "branch",
        "Branch",
        "Take another way from character N of the reply, counted from its end if it is negative; "
        "TEXT is to stand there.",
        branch,
        no_branch,
        slash="branch",
        argument="[N [TEXT]]",
    ),
    Command(
        "slower",
        "Slower",
        "Show fewer characters per second.",
        lambda it, _: it.change(it.controls.faster(-1)),
        no_other_speed(-1),
    ),
    Command(
        "faster",
        "Faster",
        "Show more characters per second, up to as fast as they can be generated.",
        lambda it, _: it.change(it.controls.faster(+1)),
        no_other_speed(+1),
    ),
    Command(
        "continue",
        "Fresh or continued",
        "Start new seeds afresh, or continue the conversation.",
        _plain(turned),
        slash="turns",
    ),
    Command(
        "other-numbers",
        "New RNG seed",
        "Draw with other random numbers from here on.",
        lambda it, _: it.change(it.controls.with_settings(rng_seed=new_rng_seed())),
    ),
    Command(
        "pin",
        "Pin the RNG seed",
        "Begin each new turn with the RNG seed of now; or draw another one for each again.",
        _plain(pin),
        slash="pin",
    ),
    *(_typed(knob) for knob in KNOBS),
    Command(
        "carry",
        "Carried context",
        "Let the model read all there was, in place of a window; off is the window again.",
        carry,
        slash="carry",
        argument="[off]",
    ),
    Command(
        "hold",
        "Hold a unit",
        "Hold a unit of the model at a value from here on, such as c 52 = 1.0; c 52 off lets it "
        "go, off all of them.",
        hold,
        slash="hold",
        argument="[UNIT = VALUE]",
    ),
    Command(
        "score",
        "Score a text",
        "Tell how well the model predicts a text, in bits per character.",
        score,
        lambda it: not_ready(it) if it.model is None else "",
        slash="score",
        argument="TEXT",
    ),
    Command(
        "save",
        "Save the reply",
        "Write the reply to a file: .tape .txt .md .html .svg .json or .cast.",
        save,
        nothing_to_save,
        slash="save",
        argument="PATH",
    ),
    Command(
        "load",
        "Open a tape",
        "Show a recorded reply: the path of a tape, or a shared line.",
        _taking(lambda it, recording: it.playing.open(recording)),
        slash="load",
        argument="PATH",
    ),
    Command(
        "replay",
        "Replay a tape",
        "Play a recorded reply at its own pace: the path of a tape, or a shared line.",
        _taking(lambda it, recording: it.playing.play(recording)),
        slash="replay",
        argument="PATH",
    ),
    Command(
        "replay-at-once",
        "Replay a tape at full speed",
        "Play a recorded reply as fast as it goes: the path of a tape, or a shared line.",
        _taking(lambda it, recording: it.playing.play(recording, at_once=True)),
        argument="PATH",
    ),
    Command(
        "share",
        "Share the reply",
        "Give the reply as one line, to be pasted in elsewhere.",
        _plain(share),
        no_turn,
        slash="share",
    ),
    Command(
        "model",
        "Use another model",
        "Let another model reply from here on: by its path, its name, or out of a list.",
        use_model,
        slash="model",
        argument="[MODEL]",
    ),
    Command("info", "About the model", "Show the model's card.", _plain(info), slash="info"),
    Command(
        "help",
        "Help",
        "Show what can be done.",
        lambda it, _: it.tell(HelpWanted()),
        slash="help",
    ),
    Command("quit", "Quit", "Quit.", lambda it, _: it.tell(QuitWanted()), slash="quit"),
)


def _view(name: str, help_: str, argument: str = "", screen: bool = True) -> Command:
    return Command(
        name,
        name.capitalize(),
        help_,
        lambda it, text: it.tell(ViewWanted(name, text)),
        slash=name,
        argument=argument,
        screen=screen,
    )


_VIEWS = (
    _view(
        "ladder",
        "Reply to the last seed side by side: at the notebook's temperatures, at these, or by "
        "several models.",
        "[TEMPERATURES or MODELS]",
    ),
    _view("twin", "Reply to the last seed with the held units, beside a twin that is left alone."),
    _view("lens", "Tint the reply by what units of the model do."),
    _view("what-if", "Compare other settings at the selected character."),
    _view(
        "reach",
        "See how far back the model looks for the selected character, or for character N.",
        "[N]",
        screen=False,
    ),
    _view(
        "causes",
        "Rank the units of the model by what they cause at the selected character, or at "
        "character N.",
        "[N]",
        screen=False,
    ),
    _view(
        "against",
        "Compare how two models predict the reply: its own, and MODEL, or else one that comes with "
        "the program.",
        "[MODEL]",
        screen=False,
    ),
    _view(
        "game",
        "Guess a hidden passage of the corpus, character by character, beside the model.",
        "[NUMBER]",
    ),
    _view("quiz", "Say of five passages whether they are the corpus' or the model's.", "[NUMBER]"),
    _view("history", "Find a reply that was kept."),
    _view("find", "Find words in the seeds and the replies.", "[TEXT]"),
    _view(
        "tour",
        "Perform the notebook's experiment in nine steps: the next one, or step N; off ends it.",
        "[N or off]",
    ),
    _view("panels", "Fold the panels away, or unfold them."),
    _view(
        "tint",
        "Tint the text by surprisal, entropy, temperature, or not: the next one, or this.",
        "[NAME]",
        screen=False,
    ),
)

COMMANDS = {command.id: command for command in _COMMANDS}
"""Every command of a conversation by its id, in the order in which they are shown."""

_TYPED = (*_COMMANDS[:-2], *_VIEWS, *_COMMANDS[-2:])  # help and quit stand last

SLASHES = {command.slash: command for command in _TYPED if command.slash}
"""Every command that can be typed, by its name."""

ALIASES = {"rng": "rng-seed", "export": "save"}
"""Other names that can be typed, and the command that each is."""

FORMER = {"seed": "/seed is /rng-seed now: a seed is the text that you send"}
"""Names of earlier versions, and what to type in place of each."""
