"""How the help of a command is laid out: its options in groups, then examples.

Owns which group an option is in. What an option is for stands with the option.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import click

from charlm_tui.controls.parameters import BY_NAME
from charlm_tui.lm.settings import RULES

Example = tuple[str, str]
"""A command, and what it does."""

SAMPLING = "How characters are drawn"
RULED = "What may be written"
CONTEXT = "What the model has read"
OUTPUT = "Output"
KEEPING = "Settings and history"
_GROUPS = {
    **dict.fromkeys(("depth", "carry"), CONTEXT),
    **dict.fromkeys(RULES, RULED),
    "held": RULED,
    **{
        row.parameter: SAMPLING
        for row in BY_NAME.values()
        if row.samples and row.field not in RULES and row.name != "depth"
    },
    "temperatures": SAMPLING,
    **dict.fromkeys(("echo", "as_json", "per_character", "tape", "null"), OUTPUT),
    **dict.fromkeys(("config_path", "history", "no_history"), KEEPING),
}
"""The group of an option by its parameter; all others stand first."""
ORDER = ("Options", SAMPLING, RULED, CONTEXT, OUTPUT, KEEPING)
LEAST = 8
"""Options from which on they stand in groups."""


class HelpfulCommand(click.Command):
    """A command whose help has groups and examples.

    Args:
        examples: commands, and what each does.
    """

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of each group, and the subcommands if there are any."""
        records = [
            (param.name or "", record)
            for param in self.get_params(ctx)
            if (record := param.get_help_record(ctx)) is not None
        ]
        for title, rows in _in_groups(records):
            with formatter.section(title):
                formatter.write_dl(rows)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each as it is typed."""
        if self.examples:
            with formatter.section("Examples"):
                for number, (typed, what) in enumerate(self.examples):
                    if number:
                        formatter.write_paragraph()
                    formatter.write_text(f"{what}:")
                    formatter.write(f"{'':>{formatter.current_indent + 2}}{typed}\n")
        super().format_epilog(ctx, formatter)


def _in_groups(
    records: Iterable[tuple[str, tuple[str, str]]],
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (title, rows) of each group; few options are one."""
    named = list(records)
    groups = [(_GROUPS.get(name, ORDER[0]), record) for name, record in named]
    if len(named) < LEAST:
        groups = [(ORDER[0], record) for _, record in groups]
    groups.sort(key=lambda pair: ORDER.index(pair[0]))
    return [
        (title, [record for _, record in pairs])
        for title, pairs in groupby(groups, key=lambda pair: pair[0])
    ]
