"""Files that are no models and were made to break what reads them.

Tapes, shared lines, settings, histories, texts, corpora and paths. What has a check sum gets a
right one, so that what lies behind it is reached.
"""

import base64
import json
import random
import sqlite3
import tempfile
import zlib
from array import array
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from charlm_tui.history.store import Store
from charlm_tui.reply.exports import FORMATS
from charlm_tui.reply.share_line import _DICTIONARY, _letters, _sum, to_line
from charlm_tui.reply.tape_file import CODES, Recording
from tests.support.fuzz import Case, FuzzClass
from tests.support.models import SYMBOLS, step_model
from tests.support.replies import kept

MODEL = "model.onnx"
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
TEXT = "".join(SYMBOLS)[:80] * 6
STRANGE: Sequence[Any] = (
    *(None, True, False, 0, 1, -1, 2, 0.5, -0.5, 1e308, 1e-308, 2**15, 2**16, 2**31, 2**63, 2**64),
    *(-(2**63), 10**30, 10**400, float("inf"), float("-inf"), float("nan")),
    *("", "0", "1e9", "inf", "x" * 5000, "\x1b[2J\x1b]0;t\x07", "\x9b31m", "\u202eab\u2066"),
    *("\ud800", "\udc80\udcff", "a\0b", "\r\n\t", "%s{}", "~nosuchuser/x", "\U0001f600" * 9),
    *([], [[]], {}, {"a": {}}, [0], [0, 1], [[0, 1]], [[0, -1]], [None], [[0, 1, 2]], [[1e9, 2]]),
)
CELLS: Sequence[Any] = (
    *(None, 0, 1, -1, 2, 2**31, 2**63 - 1, -(2**63), 0.5, 1e308, -1e308),
    *(float("inf"), float("-inf"), 1e18, -62e9, 253e9, 1e11),
    *("", "0", "-1", "9" * 400, "9" * 5000, "inf", "nan", "x" * 100_000, "\x1b[2J", "\u202eab"),
    *("a\0b", "[]", "[[0]]", "{}", "[" * 90_000, '[[0,{"temperature":"x"}]]', "[[0,1e999]]"),
    *(
        '[[0,{"depth":1e9}]]',
        '[[0,{"held":[["c",1,1]]}]]',
        '[[0,{"held":[[1]]}]]',
        "[[-1,5]]",
        "[[0,99999999999]]",
        "[[0,NaN]]",
        "[[0,-1]]",
        "null",
    ),
    *(b"", b"\0", b"\xff\xfe", b"\x1b[2J", b"\xff" * 1000, bytes(10**6)),
)
TABLES = {
    "replies": (
        *("name", "model", "model_sha256", "model_path", "onnxruntime", "machine", "before"),
        *("seed", "rng_seed", "started_s", "parent", "forked_at", "starred", "deleted_s"),
        *("owner_pid", "owner", "ended", "length", "bits", "beginning", "id"),
    ),
    "pieces": (
        *("reply", "first", "length", "bits", "changes", "times", "given", "text", "ids"),
        *("surprisal_bits", "entropy_bits", "temperature"),
    ),
    "prompts": ("text", "id"),
}
NOT_ENDING = (
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) SELECT count(*) FROM t",
    "SELECT count(*) FROM sqlite_master a, sqlite_master b, sqlite_master c, sqlite_master d, "
    "sqlite_master e, sqlite_master f, sqlite_master g, sqlite_master h",
    "SELECT hex(zeroblob(900000000))",
    "SELECT load_extension('x')",
)


# Pieces that the classes share.


@cache
def _model() -> bytes:
    return step_model(units=8).SerializeToString()


def _put_model(folder: Path) -> str:
    (folder / MODEL).write_bytes(_model())
    return MODEL


@cache
def _tape() -> dict[str, Any]:
    """Return a tape of the small model, as its file has it: all of it was typed."""
    import hashlib

    document = json.loads((GOLDEN / "v1.tape").read_text())
    count = len(TEXT)
    ids = [SYMBOLS.index(char) for char in TEXT]
    settings = document["changes"][0]
    return document | {
        "model_sha256": hashlib.sha256(_model()).hexdigest(),
        "seed": TEXT[:20],
        "text": TEXT,
        "length": count,
        "given": [[0, count]],
        "times": [[0, 0.0], [count // 2, 1.5]],
        "changes": [
            settings | {"at": 0, "depth": 0, "carry": False},
            settings | {"at": count // 2, "temperature": 0.75, "depth": 5},
        ],
        "columns": {
            name: base64.b64encode(
                array(code, ids if code == "H" else [0.5] * count).tobytes()
            ).decode()
            for name, code in CODES.items()
        },
    }


def _summed(document: dict[str, Any]) -> bytes:
    """Return a tape's content with a right check sum."""
    document["crc32"] = zlib.crc32(json.dumps(document.get("columns")).encode())
    return json.dumps(document).encode()


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to all that stands in a JSON value."""
    if not isinstance(value, dict | list):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [path] * bool(path) + [
        place for key, each in list(inner)[:40] for place in _places(each, (*path, key))
    ]


def twist(rng: random.Random, value: Any) -> Any:
    """Change a JSON value somewhere: to a strange one, a longer one, or none."""
    place = rng.choice(_places(value) or [()])
    if not place:
        return rng.choice(STRANGE)
    inner = value
    for key in place[:-1]:
        inner = inner[key]
    way = rng.randrange(4)
    if way == 0 and isinstance(inner, dict):
        del inner[place[-1]]
    elif way == 1 and isinstance(inner, list):
        inner *= rng.choice((0, 2, 3, 100))
    else:
        inner[place[-1]] = rng.choice(STRANGE)
    return value


def spoil(rng: random.Random, content: bytes) -> bytes:
    """Change some bytes: others, fewer, or more."""
    spoilt = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 50))):
        place = rng.randrange(len(spoilt) + 1)
        match rng.randrange(4):
            case 0 if place < len(spoilt):
                spoilt[place] = rng.randrange(256)
            case 1:
                del spoilt[place : place + rng.choice((1, 2, 100))]
            case 2:
                spoilt[place:place] = rng.randbytes(rng.choice((1, 4, 100)))
            case _:
                spoilt = spoilt[: rng.randrange(len(spoilt) + 1)] or bytearray(b"\0")
    return bytes(spoilt)


def _replay(folder: Path, content: bytes) -> Case:
    (folder / "x.tape").write_bytes(content)
    return Case(["replay", "x.tape", "--model", _put_model(folder)], free_output=True, verdict=True)


# Tapes.


def tape_bytes(rng: random.Random, folder: Path) -> Case:
    return _replay(folder, spoil(rng, _summed(_copy(_tape()))))


def _held(rng: random.Random) -> Any:
    """Return what is held, in a file of version 2: units of the model and others, and worse."""
    states = ("h0", "h1", "h2", "", "\x1b[2J", "\ud800", "h" * 500)
    count = rng.choice((0, 1, 2, 64, 65, 10_000))
    return [
        [rng.choice(states[:2] if count == 2 else states), place, rng.choice((1, -2.5, 1e6, 1e308))]
        for place in range(count)
    ]


def tape_values(rng: random.Random, folder: Path) -> Case:
    document = _copy(_tape())
    if rng.random() < 0.5:
        document["version"] = 2
        document["changes"][rng.randrange(2)]["held"] = _held(rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        document = twist(rng, document)
    return _replay(folder, _summed(document))


def tape_sizes(rng: random.Random, folder: Path) -> Case:
    document = _copy(_tape())
    change, size = document["changes"][0], 10 ** rng.randrange(1, 6)
    match rng.randrange(7):
        case 0 | 1:  # as many changes as characters
            count = len(document["text"])
            size = min(size, 100_000)
            times = -(-size // count)
            document["text"] = (document["text"] * times)[:size]
            document["length"] = size
            for name, code in CODES.items():
                column = array(code, base64.b64decode(document["columns"][name]))
                document["columns"][name] = base64.b64encode(
                    (column * times)[:size].tobytes()
                ).decode()
            document["changes"] = [
                change | {"at": at, "temperature": rng.choice((0.5, 0.5 + at / size))}
                for at in range(size)
            ]
            document["given"] = rng.choice(([[0, size]], [[at, 1] for at in range(size)]))
        case 2:
            document["times"] = [[at, rng.random()] for at in range(size)]
        case 3:
            return _replay(folder, b"[" * size + b"]" * size)
        case 4:
            document["seed"] = document["seed"] * size
        case 5:
            document["changes"] = [change | {"at": 0, "depth": size * 10**4}]
        case _:
            document["seed"] = rng.choice(("\ud800", "\x1b[2J", "\U0001f600")) * min(size, 1000)
    return _replay(folder, _summed(document))


# Shared lines.


@cache
def _line() -> str:
    return to_line(Recording.from_json(_summed(_copy(_tape())).decode(), "x"))


def unpacked_line(line: str) -> list[Any]:
    """Return the list that a line holds."""
    payload = line.split(".")[1][:-6]
    content = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))[32:]
    found = json.loads(zlib.decompressobj(-15, _DICTIONARY).decompress(content))
    assert isinstance(found, list)
    return found


@cache
def _list() -> list[Any]:
    return unpacked_line(_line())


def packed_line(content: bytes, version: int = 1) -> str:
    """Return a line that holds something, with a right check sum."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
    line = f"charlm{version}." + _letters(bytes(32) + deflate.compress(content) + deflate.flush())
    return line + _sum(line)


def _replay_line(folder: Path, line: str) -> Case:
    return Case(["replay", line, "--model", _put_model(folder)], free_output=True, verdict=True)


def line_letters(rng: random.Random, folder: Path) -> Case:
    line = spoil(rng, _line().encode()).replace(b"\0", b"").decode("utf-8", "surrogateescape")
    return _replay_line(folder, line or "charlm1.")


def line_values(rng: random.Random, folder: Path) -> Case:
    found = _copy(_list())
    version = rng.choice((1, 2))
    if version == 2:
        found[8][0][1]["held"] = _held(rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        found = twist(rng, found)
    return _replay_line(folder, packed_line(json.dumps(found).encode(), version))


def line_bombs(rng: random.Random, folder: Path) -> Case:
    found, size = _copy(_list()), 10 ** rng.randrange(3, 8)
    match rng.randrange(6):
        case 0:
            found[5] = "a" * size
        case 1:
            found[4] = "\U0001f600" * min(size, 10**6)
        case 2:
            found[rng.choice((6, 7, 8, 9, 10))] = [0] * min(size, 4 * 10**6)
        case 3:
            return _replay_line(folder, packed_line(b"[" * size))
        case 4:
            return _replay_line(folder, packed_line(b"[" + b"[]," * min(size, 3 * 10**6) + b"0]"))
        case _:
            found[5] = "".join(SYMBOLS) * (size // len(SYMBOLS))
            found[8] = [[int(at > 0), {"temperature": 0.5 + at / 1000}] for at in range(1024)]
    return _replay_line(folder, packed_line(json.dumps(found, ensure_ascii=False).encode()))


# Settings.

SETTINGS = """theme = "nord"
history = "h.db"
[controls]
temperature = 0.9
top-k = 5
depth = "carried"
[keymap]
"command.warmer" = "f7"
"""
TOML = (
    "a" + ".a" * 20_000 + " = 1\n",
    "[" + ".".join("a" * 9_000) + "]\n",
    "x = " + "[" * 40_000,
    "x = " + "{a=" * 20_000,
    'x = """' + "a\\\n" * 20_000,
    "temperature = " + "9" * 50_000 + "\n",
    "temperature = 1e" + "9" * 100 + "\n",
    "[controls]\ntemperature = nan\nspeed = inf\nlength = -1\nrng-seed = 1e400\n",
    '[keymap]\n"\x1b[2J" = "f7"\n',
    '[keymap]\n"a.b" = "\\u001b[2J"\n',
    'theme = "\\u202eab\\u2066\\u0007"\n',
    'model = "~nosuchuser/x"\nhistory = "~nosuchuser/y"\ncorpus = "a\\u0000b"\n',
    "[[keymap]]\n" * 5_000,
    "".join(f"k{n} = {n}\n" for n in range(9_000)),
    "".join(f'k{n}."\\u001b" = {n}\n' for n in range(5_000)),
    "a = 1979-05-27T07:32:00Z\n[controls]\nlength = 07:32:00\n",
    "'''" * 30_000,
    "#" * 99_000,
    '"' * 99_000,
    "\ufefftheme = 1\n",
)


def settings(rng: random.Random, folder: Path) -> Case:
    content = rng.choice((SETTINGS, *TOML)).encode()
    if rng.random() < 0.7:
        content = spoil(rng, content)
    if rng.random() < 0.3:
        content = rng.choice(TOML).encode() + content
    (folder / "c.toml").write_bytes(content)
    words = rng.choice((["show"], ["show", "--json"], ["check"], ["path"]))
    return Case(["config", *words, "--config", "c.toml"], free_output=True, verdict=True)


# Histories.


@cache
def _history() -> bytes:
    """Return a history with four replies: one has not ended, and one is deleted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "h.db"
        with closing(Store(path, now=lambda: 100.0)) as store:
            for number in range(4):
                kept(
                    store, f"a text, the number {number} of them", f"seed {number} ", at=number + 1
                )
            store.rename(2, "a name")
            store.delete(4)
            store.add_prompt("a prompt")
            store.database.execute("UPDATE replies SET owner = '', owner_pid = 0")
            store.database.execute("UPDATE replies SET ended = 0 WHERE id = 3")
            store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            store.database.execute("PRAGMA journal_mode = DELETE")
        return path.read_bytes()


def _history_case(rng: random.Random) -> Case:
    reply = str(rng.choice((1, 1, 2, 3, 4, 9, 10**18)))
    words = rng.choice(
        (
            ["list"],
            ["list", "--json"],
            ["list", "--starred"],
            ["list", "--model", "fake"],
            ["search", "text"],
            ["search", "*", '"', "numb"],
            ["show", reply],
            ["show", reply, "--json"],
            *(["export", reply, "--format", form] for form in FORMATS),
            ["share", reply],
            ["delete", reply],
            ["restore", reply],
        )
    )
    return Case(
        ["history", *words, "--history", "h.db"], free_output=True, verdict=words[0] == "delete"
    )


def history_cells(rng: random.Random, folder: Path) -> Case:
    path = folder / "h.db"
    path.write_bytes(_history())
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        for _ in range(rng.choice((1, 1, 2, 5))):
            table = rng.choice(("replies", "replies", "pieces", "pieces", "prompts"))
            column, value = rng.choice(TABLES[table]), rng.choice(CELLS)
            stored = "CAST(? AS TEXT)" if rng.random() < 0.2 else "?"
            row = rng.choice(("", "", " WHERE rowid = 1", " WHERE rowid = 3"))
            try:
                database.execute(f"UPDATE {table} SET {column} = {stored}{row}", (value,))
            except sqlite3.Error:  # it is not to be null, or a number that is there already
                pass
    return _history_case(rng)


def history_bytes(rng: random.Random, folder: Path) -> Case:
    content = bytearray(_history())
    if rng.random() < 0.2:
        content = bytearray(spoil(rng, bytes(content)))
    else:
        for _ in range(rng.choice((1, 3, 10, 100))):
            content[rng.randrange(20, len(content))] = rng.choice((0, 1, 0xFF, rng.randrange(256)))
    (folder / "h.db").write_bytes(content)
    return _history_case(rng)


def history_schemas(rng: random.Random, folder: Path) -> Case:
    path = folder / "h.db"
    path.write_bytes(_history())
    table, query = rng.choice(tuple(TABLES)), rng.choice(NOT_ENDING)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        match rng.randrange(7):
            case 0:
                columns = ", ".join(
                    f"(SELECT * FROM ({query})) AS {name}" for name in TABLES[table]
                )
                database.execute(f"ALTER TABLE {table} RENAME TO kept")
                database.execute(f"CREATE VIEW {table} AS SELECT {columns}")
            case 1:
                when = rng.choice(("UPDATE", "INSERT", "DELETE"))
                database.execute(
                    f"CREATE TRIGGER t BEFORE {when} ON {table} BEGIN {query}; END"
                    if "RECURSIVE" not in query
                    else f"CREATE TRIGGER t BEFORE {when} ON {table} BEGIN "
                    f"SELECT * FROM ({query}); END"
                )
            case 2:
                name = rng.choice(("replies_newest", "replies_parent", "replies_unended"))
                database.execute(f"DROP INDEX {name}")
            case 3:
                database.execute(f"DROP TABLE {rng.choice((table, 'search'))}")
            case 4:
                database.execute("DROP TABLE search")
                database.execute(
                    rng.choice(
                        (
                            "CREATE VIRTUAL TABLE search USING fts4 (name, seed, text)",
                            "CREATE VIRTUAL TABLE search USING rtree (name, seed, text)",
                            f"CREATE VIEW search AS SELECT '' name, '' seed, n text, 1 rowid "
                            f"FROM (SELECT 1 AS n FROM ({NOT_ENDING[0]}))",
                            "CREATE VIRTUAL TABLE search USING fts5 (name, seed, text, content=x)",
                        )
                    )
                )
            case 5:
                database.execute("PRAGMA writable_schema = ON")
                database.execute(
                    "UPDATE sqlite_master SET sql = ? WHERE name = ?",
                    (rng.choice(("", "x", f"CREATE VIEW {table} AS {query}", None)), table),
                )
            case _:
                database.execute(f"ALTER TABLE {table} RENAME COLUMN {TABLES[table][0]} TO other")
    return _history_case(rng)


def history_many(rng: random.Random, folder: Path) -> Case:
    path = folder / "h.db"
    path.write_bytes(_history())
    with closing(sqlite3.connect(path)) as database:
        same = ", ".join(name for name in TABLES["replies"] if name != "id")
        for _ in range(rng.randrange(8, 13)):
            database.execute(f"INSERT INTO replies ({same}) SELECT {same} FROM replies")
        if rng.random() < 0.5:
            database.execute("UPDATE replies SET ended = 0, length = 'x', owner_pid = ?", (2**40,))
        database.commit()
    return _history_case(rng)


# Texts, seeds and corpora.

LINES = (
    "/temp nan\n/temp 1e999\n/length 0\n/length 99999999999999999999\n",
    "/load ~nosuchuser/x\n/save ~nosuchuser/x\n/model ~nosuchuser/x\n/load a\0b\n",
    "/replay charlm1.AAAA\n/load /dev/zero\n/load /dev/stdin\n/load .\n",
    "/branch -99999999999999999999999 x\n/branch 9" + "9" * 5000 + "\n",
    "/" + "x" * 100_000 + "\n",
    "/score " + "a" * 1000 + "\n/score\n/score \x1b[2J\n",
    "/preset " + "9" * 5000 + "\n/preset ²\n/depth ²\n/top-k ٣\n",
    "/share\n/undo\n/redo\n/again\n/go\n/dream\n/info\n/help\n/stop\n",
    "charlm1." + "A" * 100_000 + "\n",
    "charlm99999999999999999999.x\ncharlm1.\n//\n/\n\n\n",
    "a" * 1_000_000 + "\n",
)


def _rubbish(rng: random.Random) -> bytes:
    return rng.choice(
        (
            b"",
            rng.randbytes(rng.choice((1, 10, 1000))),
            "".join(chr(rng.randrange(1, 0xD000)) for _ in range(rng.randrange(1, 500))).encode(),
            TEXT.encode()[: rng.randrange(1, len(TEXT))],
            b"\xef\xbb\xbf" + TEXT.encode(),
            "".join(rng.choice(STRANGE[22:30]) for _ in range(20)).encode("utf-8", "surrogatepass"),
        )
    )


def texts(rng: random.Random, folder: Path) -> Case:
    content = _rubbish(rng)
    (folder / "x.txt").write_bytes(content)
    words = rng.choice(
        (
            ["score", "x.txt"],
            ["score", "x.txt", "--json"],
            ["score", "x.txt", "--per-character", "--skip", "3"],
            ["score", "-"],
            ["generate", "--seed", "-", "-n", "3"],
            ["generate", "--seed", "-", "-n", "3", "--json", "--echo"],
        )
    )
    return Case([*words, "--model", _put_model(folder)], content, free_output=True)


def corpora(rng: random.Random, folder: Path) -> Case:
    (folder / "x.txt").write_bytes(_rubbish(rng)[:2000])  # too short to be trained on
    return Case(["train", "--corpus", "x.txt", "--out", "y.onnx"])


def lines(rng: random.Random, folder: Path) -> Case:
    content = "".join(rng.choice(LINES) for _ in range(rng.choice((1, 2)))).encode()
    if rng.random() < 0.3:
        content = spoil(rng, content)
    words = rng.choice(([], ["--json"], ["--null"]))
    return Case(
        ["repl", "--no-history", "--length", "3", *words, "--model", _put_model(folder)],
        content,
        free_output=True,
        verdict=True,
    )


# Paths.

NAMES = (
    *("", ".", "..", "/", "/dev/zero", "/dev/full", "/dev/fd/77", "/dev/fd/99999999999999999999"),
    *("/proc/self/mem", "/proc/self/maps", "~", "~nosuchuser", "~nosuchuser/x", "a/b/c", "x" * 300),
    *("x" * 5000, "-", "--", "-x", "\x1b[2J\x07", "a\nb", "\udcff\udc80", "\u202eab", " ", "pipe"),
    *(
        "circle",
        "folder",
        "locked",
        "socket",
        "/dev/tty",
        "x.tape",
        "*",
        "http://x/y",
        "file:x?y=z",
    ),
)


def paths(rng: random.Random, folder: Path) -> Case:
    (folder / "circle").symlink_to("circle")
    (folder / "folder").mkdir()
    name, model = rng.choice(NAMES), _put_model(folder)
    words: Sequence[str] = rng.choice(
        (
            ["score", name, "--model", model],
            ["replay", name, "--model", model],
            ["generate", "-n", "3", "--model", name],
            ["generate", "-n", "3", "--model", model, "--tape", name],
            ["info", "--model", name],
            ["config", "show", "--config", name],
            ["config", "check", "--config", name],
            ["history", "list", "--history", name],
            ["history", "show", "1", "--history", name],
            ["history", "export", "1", "--history", "none.db", "-o", name],
            ["train", "--corpus", name, "--out", "y.onnx"],
            ["train", "--vocabulary", name],
            ["repl", "--no-history", "--length", "3", "--model", name],
            ["repl", "--history", name, "--length", "3", "--model", model],
            ["repl", "--no-history", "--config", name, "--length", "3", "--model", model],
        )
    )
    return Case(words, free_output=True, verdict=True)


CLASSES = (
    FuzzClass("tape-bytes", tape_bytes, 2),
    FuzzClass("tape-values", tape_values, 4),
    FuzzClass("tape-sizes", tape_sizes),
    FuzzClass("line-letters", line_letters, 2),
    FuzzClass("line-values", line_values, 4),
    FuzzClass("line-bombs", line_bombs),
    FuzzClass("settings", settings, 3),
    FuzzClass("history-cells", history_cells, 5),
    FuzzClass("history-bytes", history_bytes, 3),
    FuzzClass("history-schemas", history_schemas, 2),
    FuzzClass("history-many", history_many),
    FuzzClass("texts", texts, 2),
    FuzzClass("corpora", corpora),
    FuzzClass("lines", lines),
    FuzzClass("paths", paths, 3),
)
