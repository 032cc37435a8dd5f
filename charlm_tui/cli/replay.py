"""`charlm-tui replay`: a recorded reply made again, printed or played in the app."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charlm_tui.cli.options import model_option, with_options
from charlm_tui.cli.start import begin_script, history_options, start
from charlm_tui.cli.streams import in_terminal, output, say

if TYPE_CHECKING:
    from charlm_tui.lm.limits import LoadLimits
    from charlm_tui.reply.tape_file import Recording


@click.command()
@click.argument("tape", metavar="TAPE")
@with_options(model_option, *history_options)
@click.option("--app", is_flag=True, help="Play it in the app.")
@click.option(
    "--pace",
    type=click.Choice(["own", "full"]),
    default="own",
    show_default=True,
    help="Of the app: the tape's own, or as fast as it goes.",
)
@click.pass_context
def replay(context: click.Context, /, tape: str, app: bool, pace: str, **values: Any) -> None:
    """Regenerate a recorded reply, and say whether it is the same to the character.

    TAPE is the path of a tape, or a shared line. The text goes to standard output, the verdict to
    standard error. Exit code 1 if it differs, and if its model is not at hand: then the recorded
    text is printed.
    """
    from charlm_tui.session.handover import recorded

    recording = recorded(tape, waits=True)
    if not app:
        model, limits = begin_script(values["model"])
        sys.exit(_print(recording, model, limits))
    from charlm_tui.cli.app import run_app

    if not in_terminal():
        raise click.UsageError("--app needs a terminal, and there is none here; leave it out")
    sys.exit(run_app(start(context, values), replay=recording, at_once=pace == "full"))


def _print(recording: "Recording", model: Path, limits: "LoadLimits") -> int:
    from charlm_tui.lm.model import OnnxModel
    from charlm_tui.reply.verify import OtherModelError, Verdict
    from charlm_tui.reply.verify import replay as play

    verdict: Verdict | None = None
    with output() as out:
        try:
            for piece in play(recording, OnnxModel(model, limits=limits)):
                if isinstance(piece, Verdict):
                    verdict = piece
                else:
                    out.write(piece.encode())
                    out.flush()
        except OtherModelError as error:
            out.write(recording.text.encode())
            out.flush()
            verdict = Verdict(len(recording.tape), 0, f"not made again: {error}")
    if verdict is None:  # whoever reads had enough before the end
        return 0
    say(("" if recording.text.endswith("\n") else "\n") * sys.stdout.isatty() + verdict.sentence)
    return 0 if verdict.differs_at is None else 1
