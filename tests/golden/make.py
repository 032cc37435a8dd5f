"""Write the golden files: what version 1 of each public form looks like.

`python -m tests.golden.make` writes them. They are made once, and only a new version of a form
adds to them: a change of one of these files is a break for somebody's tape, line, history,
settings or command.
"""

import json
from array import array
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from charlm_tui.cli import COMMANDS, cli
from charlm_tui.controls.config_file import read
from charlm_tui.controls.parameters import PARAMETERS
from charlm_tui.history.records import Origin, Piece
from charlm_tui.history.store import Store
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.share_line import to_line
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording
from charlm_tui.tui.catalog import binding_ids

HERE = Path(__file__).parent
RUNTIME = Runtime("1.20.0", "x86_64 Linux")
TEXT = "one word, then another:\n‘and’ a third — é.\tend"
SYMBOLS = sorted(set(TEXT))
CHANGES = (
    (0, Settings(temperature=0.5, rng_seed=7)),
    (4, Settings(temperature=0.8, rng_seed=7, top_k=10, top_p=0.9, min_p=0.05, typical_p=0.95)),
    (9, Settings(temperature=0.0, rng_seed=2**64 - 1, mirostat=2.0, depth=12)),
    (15, Settings(temperature=1.25, rng_seed=1, carry=True)),
    (24, Settings(0.2, rng_seed=1, moving="ramp", moving_to=1.0, moving_over=10, moving_from=24)),
    (30, Settings(0.2, rng_seed=1, moving="cycle", moving_to=1.0, moving_over=8, moving_from=30)),
    (38, Settings(0.2, rng_seed=1, moving="words", moving_to=0.9)),
)
TYPED = ((5, 4), (30, 2))
TIMES = ((0, 0.02), (8, 0.5), (9, 4.0), (33, 4.25))


def column(count: int, scale: float) -> "array[float]":
    return array("f", [scale * (1 + number % 7) for number in range(count)])


def recording() -> Recording:
    """Make a reply with every kind of setting, typed characters, and a pause."""
    tape, ids = Tape(), array("H", [SYMBOLS.index(char) for char in TEXT])
    bits, entropy = column(len(ids), 0.375), column(len(ids), 0.25)
    edges = sorted(
        {at for at, _ in CHANGES}
        | {at for at, _ in TIMES}
        | {edge for at, count in TYPED for edge in (at, at + count)}
    )
    for at, end in zip(edges, [*edges[1:], len(ids)], strict=True):
        settings = next(settings for first, settings in reversed(CHANGES) if first <= at)
        tape.append(
            Columns(
                ids[at:end].tobytes(),
                bits[at:end].tobytes(),
                entropy[at:end].tobytes(),
                array("f", [settings.temperature] * (end - at)).tobytes(),
            ),
            settings,
            dict(TIMES).get(at),
            any(first <= at < first + count for first, count in TYPED),
        )
    return Recording("golden", "ab" * 32, RUNTIME, "before, and the seed ", TEXT, tape)


def origin(seed: str, started_s: float, **others: Any) -> Origin:
    return Origin(
        "golden",
        "ab" * 32,
        "/models/golden.onnx",
        RUNTIME,
        "before, ",
        seed,
        7,
        started_s,
        **others,
    )


def fill_history(store: Store) -> None:
    """Keep a reply in two pieces, a branch of it with a name and a star, and one deleted."""
    tape = recording().tape
    first = store.begin(origin("and the seed ", 1_700_000_000.0))
    typed = tape.forced if hasattr(tape, "forced") else tape.given  # its name in that commit
    for at, end in ((0, 20), (20, len(tape))):
        runs = [(max(at, place), settings) for place, settings in tape.runs(end)]
        store.append(
            first,
            Piece(
                at,
                TEXT[at:end],
                tape.columns(at, end),
                tuple(dict(runs).items()),
                tuple(time for time in tape.times if at <= time[0] < end),
                tuple(stretch for stretch in typed if at <= stretch[0] < end),
            ),
        )
    store.finish(first)
    branch = store.begin(origin("and the seed ", 1_700_000_100.5, parent=first, forked_at=3))
    ids = tape.ids(0, 5).tobytes()
    floats = column(5, 0.5).tobytes()
    columns = Columns(ids, floats, floats, floats)
    store.append(branch, Piece(0, TEXT[:5], columns, ((0, Settings(0.7)),)))
    store.finish(branch)
    store.rename(branch, "a name")
    store.star(branch, True)
    gone = store.begin(origin("thrown away", 1_700_000_200.0))
    store.append(gone, Piece(0, TEXT[:5], columns, ((0, Settings()),)))
    store.finish(gone)
    store.delete(gone)
    for text in ("a first prompt", "a second\nprompt"):
        store.add_prompt(text)


def history_facts(store: Store) -> dict[str, Any]:
    """Tell everything that a history says of its replies."""
    entries = [*store.entries(), *store.entries(deleted=True)]
    return {
        "entries": [asdict(entry) for entry in entries],
        "found": [entry.id for entry in store.entries("third")],
        "origins": {str(entry.id): asdict(store.origin(entry.id)) for entry in entries},
        "tapes": {
            str(entry.id): json.loads(store.recording(entry.id).to_json()) for entry in entries
        },
        "prompts": list(store.prompts()),
    }


def options() -> dict[str, dict[str, list[str]]]:
    """Tell every command's arguments and options."""
    context = click.Context(cli)

    def of(command: click.Command) -> dict[str, list[str]]:
        told = {
            parameter.name or "": sorted([*parameter.opts, *parameter.secondary_opts])
            for parameter in command.params
        }
        return dict(sorted(told.items()))

    found = {"": of(cli)}
    for name in sorted(COMMANDS):
        command = cli.get_command(context, name)
        assert command is not None
        found[name] = of(command)
        if isinstance(command, click.Group):
            for below, each in sorted(command.commands.items()):
                found[f"{name} {below}"] = of(each)
    return found


def settings_facts(path: Path) -> dict[str, Any]:
    """Tell what a settings file sets, paths by their names."""
    configuration = read(path, {})
    assert not configuration.faults
    values = {entry.key: configuration.value(entry.name) for entry in PARAMETERS}
    told = {key: value.name if isinstance(value, Path) else value for key, value in values.items()}
    keys = {id_: setting.value for id_, setting in configuration.keymap.items()}
    return {"values": told, "keymap": keys, "controls": asdict(configuration.controls())}


def as_json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    it = recording()
    (HERE / "v1.tape").write_text(it.to_json(), encoding="utf-8")
    (HERE / "v1.line").write_text(to_line(it) + "\n", encoding="utf-8")
    path = HERE / "v1.db"
    path.unlink(missing_ok=True)
    store = Store(path)
    fill_history(store)
    facts = history_facts(store)
    store.close()
    (HERE / "history.json").write_text(as_json(facts), encoding="utf-8")
    (HERE / "settings.json").write_text(as_json(settings_facts(HERE / "v1.toml")), encoding="utf-8")
    (HERE / "options.json").write_text(as_json(options()), encoding="utf-8")
    (HERE / "bindings.json").write_text(as_json(sorted(binding_ids())), encoding="utf-8")


if __name__ == "__main__":
    main()
