"""`charlm-tui train` and `python export/train_and_export.py`: whole runs, and what they refuse."""

import http.server
import io
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from charlm_tui.files import CORPUS_VARIABLE
from charlm_tui.lm.model import OnnxModel
from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import log_path
from charlm_tui.runs.records import BITS_PER_NAT
from charlm_tui.training import places
from charlm_tui.training.claim import Claim
from charlm_tui.training.corpus import NOTEBOOK_SHA256
from charlm_tui.training.plan import make_plan
from charlm_tui.training.run import TrainingRun
from charlm_tui.training.samples import SAMPLE_LENGTH, TEMPERATURES
from tests.conftest import ROOT
from tests.support.terminal import COMMAND
from tests.support.training import BOUND_S, SCRIPT, environment
from tests.training.conftest import invoke, refusal

_PARITY = (
    r"within \de-\d\d of the formula on 1,000 windows "
    r"\(float32 itself: \de-\d\d, Keras: \de-\d\d\)"
)


@dataclass(frozen=True)
class Served:
    """A whole run, by a download from this machine."""

    result: subprocess.CompletedProcess[str]
    folder: Path

    @property
    def lines(self) -> list[str]:
        return self.result.stderr.splitlines()


@pytest.fixture(scope="module")
def served(tiny_corpus: str, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The command as a user types it, one epoch of the default recipe, with a server of ours."""
    folder = tmp_path_factory.mktemp("served")
    for name in ("site", "keras", "bin", "home"):
        (folder / name).mkdir()
    (folder / "site" / "text").write_text(tiny_corpus, encoding="utf-8", newline="")
    driver = folder / "bin" / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'NVIDIA H200'\n")
    driver.chmod(0o755)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder / "site"))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        result = subprocess.run(
            [
                *(sys.executable, str(SCRIPT), "--epochs", "1", "--rng-seed", "3"),
                *("--corpus-url", f"http://127.0.0.1:{server.server_address[1]}/text"),
                *("--out", str(folder / "out" / "mine.onnx")),
                *("--page", str(folder / "out" / "README.md")),
            ],
            cwd=folder,
            env=environment(
                KERAS_HOME=str(folder / "keras"),
                HOME=str(folder / "home"),
                XDG_CACHE_HOME=str(folder / "home"),
                PATH=path,
            ),
            capture_output=True,
            text=True,
            timeout=BOUND_S,
            check=False,
        )
        server.shutdown()
        thread.join()
    return Served(result, folder)


def test_one_command_downloads_trains_and_exports(served: Served, tiny_corpus: str) -> None:
    assert served.result.returncode == 0, served.result.stderr
    cached = served.folder / "keras" / "datasets" / "nietzsche.txt"
    assert cached.read_text(encoding="utf-8") == tiny_corpus
    model = OnnxModel(served.folder / "out" / "mine.onnx")
    card = model.contract.card
    assert card["name"] == "mine"
    assert card["recipe"] == "best"
    assert card["rng_seed"] == 3
    assert len(card["loss_history"]) == 1
    assert card["device"].startswith("CPU")
    assert model.contract.window == 60
    assert sorted(it.name for it in (served.folder / "out").iterdir()) == [
        "README.md",
        "mine.onnx",
        "mine.onnx.checkpoint",
        "mine.onnx.run.jsonl",
    ]
    page = (served.folder / "out" / "README.md").read_text(encoding="utf-8")
    assert model.sha256 in page


def test_the_log_of_the_run_says_what_its_card_says(served: Served) -> None:
    model = OnnxModel(served.folder / "out" / "mine.onnx")
    card = model.contract.card
    log = read_log(log_path(model.path))
    assert log.began is not None
    assert log.ended is not None
    assert (log.began.epochs, log.began.parameters) == (1, card["parameters"])
    assert log.began.corpus["sha256"] == card["corpus"]["sha256"]
    assert log.began.versions == card["versions"]
    assert list(log.began.baselines) == ["guessing"]  # it is not the notebook's text
    [epoch], [entry] = log.epochs, card["loss_history"]
    assert (epoch.training_nats, epoch.measured_nats) == (
        entry["training_nats"], entry["held_out_nats"]
    )  # fmt: skip
    assert [each.temperature for each in log.samples[1, 1]] == list(TEMPERATURES)
    assert all(len(each.text) == SAMPLE_LENGTH for each in log.samples[1, 1])
    assert (log.ended.reason, log.ended.file) == ("finished", str(model.path))
    bits = (log.ended.held_out_nats or 0.0) * BITS_PER_NAT
    assert round(bits, 4) == card["held_out_bits_per_character"]
    assert log.skipped == 0


def test_training_leaves_nothing_in_the_home_folder(served: Served) -> None:
    assert served.result.returncode == 0, served.result.stderr
    assert list((served.folder / "home").rglob("*")) == []


def test_the_run_tells_its_device_and_time_first_and_its_figures_last(served: Served) -> None:
    text = served.result.stderr
    told = r"^nietzsche\.txt: 5,\d{3} characters, \d+ symbols, the last 2\d\d held out$"
    assert re.search(told, text, re.MULTILINE)
    assert re.search(r"^training on CPU \(.+\), recipe best, 1 epoch$", text, re.MULTILINE)
    assert re.search(r"^epoch 1/1: loss \d\.\d{4}, held out .* bits per char", text, re.MULTILINE)
    model = served.folder / "out" / "mine.onnx"
    assert re.fullmatch(
        r"held out \d\.\d{3} bits per character, epoch 1 of 1, trained in .+", served.lines[-4]
    )
    assert served.lines[-3] == (
        f"{model}: {model.stat().st_size:,} bytes, sha256 {OnnxModel(model).sha256}"
    )
    assert re.fullmatch(_PARITY, served.lines[-2])
    assert served.lines[-1] == f"open it with: charlm-tui --model {model}"


def test_another_content_than_the_notebooks_is_warned_of_with_both_hashes(served: Served) -> None:
    [warning] = [it for it in served.lines if it.startswith("warning: this nietzsche.txt")]
    sha256 = OnnxModel(served.folder / "out" / "mine.onnx").contract.card["corpus"]["sha256"]
    assert sha256 in warning
    assert NOTEBOOK_SHA256 in warning


def test_an_idle_gpu_is_announced(served: Served) -> None:
    [warning] = [it for it in served.lines if it.startswith("warning: NVIDIA H200 is visible")]
    assert "[train-gpu]" in warning


def test_after_the_epoch_come_400_characters_at_each_temperature(served: Served) -> None:
    parts = re.split(r"^--- temperature (.+)\n", served.result.stderr, flags=re.MULTILINE)[1:]
    assert parts[::2] == ["0.2", "0.5", "1.0", "1.2"]
    last = parts[-1].split("\nmeasuring and exporting …\n")[0]
    samples = [*(part.removesuffix("\n") for part in parts[1:-1:2]), last]
    assert [len(sample) for sample in samples] == [400] * 4


def test_where_there_is_no_terminal_the_output_is_plain(served: Served) -> None:
    assert "\x1b" not in served.result.stderr
    assert "\r" not in served.result.stderr
    assert "Traceback" not in served.result.stderr


@pytest.mark.parametrize(
    ("share", "measured_on", "key"),
    [
        (
            "0.1",
            r"last 501 of the 5,014 characters before the held-out text, 165 of the 493 with 8 "
            "of them before it",
            "validation_nats",
        ),
        pytest.param("0", "nothing; the last one is kept", None, marks=pytest.mark.long),
    ],
)
def test_the_held_out_text_is_read_once_at_the_end_where_the_epochs_are_chosen_otherwise(
    share: str, measured_on: str, key: str | None, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    out, page = tmp_path / "mine.onnx", tmp_path / "page.md"
    ended = invoke(
        *("--corpus", tiny_corpus_path, "--out", out, "--page", page, "--choose-on", share),
        *("--units", "8", "--window", "8", "--batch", "32", "--stride", "4"),
        *("--epochs", "2", "--keep-epochs"),
    )
    assert ended.exit_code == 0, ended.stderr
    before = OnnxModel(tmp_path / "mine-epoch-002.onnx").contract.card
    card = OnnxModel(out).contract.card
    figures = ("held_out_bits_per_character", "held_out_split")
    assert not [name for name in figures if name in before]
    assert card["held_out_split"].startswith("last 263 of 5,277 characters, every one with 8")
    assert {**before, "name": "mine"} == {
        name: value for name, value in card.items() if name not in figures
    } | {"seconds": before["seconds"]}
    assert card["epochs_measured_on"] == measured_on
    assert card["hyperparameters"]["choose_on"] == float(share)
    keys = {"epoch", "training_nats", "seconds", *([key] if key else [])}
    assert [set(row) for row in card["loss_history"]] == [keys] * 2
    assert "held out" not in ended.stderr.split("measuring and exporting")[0].split("epoch 1/2")[1]
    assert measured_on in page.read_text(encoding="utf-8")
    if not key:
        assert card["best_epoch"] == card["epochs"] == 2


def test_as_many_epochs_are_kept_as_have_room_spread_evenly(
    tiny_corpus_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    chosen = {"units": 8, "window": 8, "batch": 32, "stride": 40, "epochs": 6}
    plan = make_plan(chosen, [tiny_corpus_path], out=out, keep_within=1)
    assert plan.keep_bytes == 10**6
    assert plan.claim is not None
    size = 10_000  # of a file, and a little more
    try:
        console = Console(file=io.StringIO())
        assert TrainingRun(console, replace(plan, keep_bytes=3 * size)).run() == 0
    finally:
        plan.claim.release()
    kept = sorted(tmp_path.glob("mine-epoch-*.onnx"))
    assert size / 2 < max(path.stat().st_size for path in kept) < size
    assert [path.stem[-3:] for path in kept] == ["001", "005", "006"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "has 0 characters where at least"),
        (b"a few words\n", "has 12 characters where at least"),
        (b"\xff\xfe text \xe9" * 1000, "is not UTF-8 (byte 0xff at offset 0)"),
        (b"a" * 10_000, "has one symbol only, 'a'"),
    ],
)
def test_a_corpus_that_cannot_be_used_is_told_in_one_line_and_nothing_is_written(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    corpus = tmp_path / "my.txt"
    if content is not None:
        corpus.write_bytes(content)
    out = tmp_path / "new" / "mine.onnx"
    assert said in refusal("--corpus", corpus, "--out", out)
    assert not out.parent.exists()


def test_a_variable_that_is_wrong_is_told_and_no_download_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CORPUS_VARIABLE, str(tmp_path / "none.txt"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert f"{CORPUS_VARIABLE} names {tmp_path / 'none.txt'}, which is not a file" in refusal()


@pytest.mark.parametrize("option", ["--out", "--page"])
def test_a_place_that_cannot_be_written_is_told_before_training(
    option: str, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    others = () if option == "--out" else ("--out", tmp_path / "mine.onnx")
    corpus = ("--corpus", tiny_corpus_path)
    assert "is a folder" in refusal(*corpus, *others, option, tmp_path)
    (tmp_path / "file").touch()
    assert "cannot be written" in refusal(*corpus, *others, option, tmp_path / "file" / "below")
    assert [it.name for it in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "args",
    [
        ("--epochs", "0"),
        ("--epochs", "many"),
        ("--recipe", "worst"),
        ("--case", "upper"),
        ("--rng-seed", "-1"),
        ("--rng-seed", str(2**32)),
        ("--choose-on", "0.6"),
        ("--choose-on", "0", "--patience", "3"),
        ("--unknown",),
        ("--keep-epochs", "--keep-within", "3"),
    ],
)
def test_wrong_usage_has_exit_code_2(args: tuple[str, ...]) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


TRAINING = ("tensorflow", "keras", "tf2onnx", "onnx", "h5py")


def without_the_extra(*args: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `charlm-tui train` in a process where the libraries of the extra are not found."""
    code = (
        "import sys\n"
        f"sys.modules |= dict.fromkeys({TRAINING})\n"
        "from charlm_tui.cli import main\n"
        "try:\n    main()\nfinally:\n    print(sorted(sys.modules), file=sys.stdout)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "train", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )


def test_help_needs_neither_the_extra_nor_numpy() -> None:
    result = without_the_extra("--help")
    assert result.returncode == 0, result.stderr
    assert "--resume" in result.stdout
    for name in ("numpy", "onnxruntime", "textual", "rich"):
        assert f"'{name}'" not in result.stdout


@pytest.mark.parametrize("args", [(), ("--from-keras", "x.keras", "--vocabulary", "x.json")])
def test_without_the_extra_a_run_says_in_one_sentence_what_to_install(
    args: tuple[str, ...], tiny_corpus_path: Path, tmp_path: Path
) -> None:
    args = args or ("--corpus", str(tiny_corpus_path))
    result = without_the_extra(*args, "--out", tmp_path / "new" / "mine.onnx")
    assert result.returncode == 1
    assert result.stderr == (
        "error: tensorflow is not installed, and training needs it; "
        'install it with: pip install "charlm-tui[train]"\n'
    )
    assert not list(tmp_path.iterdir())


def test_the_script_has_the_help_of_the_command() -> None:
    helps = [
        subprocess.run(command, capture_output=True, text=True, timeout=BOUND_S, check=True).stdout
        for command in ([COMMAND, "train", "--help"], [sys.executable, str(SCRIPT), "-h"])
    ]
    [usages, options] = zip(*(text.split("\n", 1) for text in helps), strict=True)
    assert usages == (
        "Usage: charlm-tui train [OPTIONS] [TEXT]...",
        "Usage: train_and_export.py [OPTIONS] [TEXT]...",
    )
    assert options[0] == options[1]


def test_the_script_runs_the_code_of_its_own_checkout(tmp_path: Path) -> None:
    """Whatever else is installed: its folder goes first."""
    (tmp_path / "charlm_tui").symlink_to(ROOT / "charlm_tui")
    (tmp_path / "export").mkdir()
    script = tmp_path / "export" / SCRIPT.name
    script.write_bytes(SCRIPT.read_bytes())
    code = (
        "import runpy, sys\n"
        "runpy.run_path(sys.argv[1])\n"
        "print(sys.modules['charlm_tui'].__file__)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(script)],
        cwd=tmp_path / "export",
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=True,
    )
    assert result.stdout == f"{tmp_path / 'charlm_tui' / '__init__.py'}\n"


def test_a_model_file_is_put_in_the_checkout_or_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package has no place for it among other packages."""
    assert places.default_out("my") == ROOT / "models" / "my.onnx"
    monkeypatch.setattr(places, "CHECKOUT", tmp_path)
    assert places.default_out("my") == Path("models/my.onnx")


def test_a_size_that_the_app_refuses_is_refused_before_anything_is_trained(
    tiny_corpus_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model.onnx"
    size = ("--window", "10000", "--units", "4096")
    said = refusal("--corpus", tiny_corpus_path, "--out", out, *size)
    assert "have 655 MB of states where at most 268 are expected; give a smaller --window" in said
    assert not out.exists()


def test_of_two_trainings_of_one_model_file_the_second_is_refused(
    tiny_corpus_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    first = Claim(out)
    for more in ((), ("--restart",)):
        line = refusal("--corpus", tiny_corpus_path, "--out", out, *more)
        assert f"{out} cannot be written: another process is writing it; wait until" in line
    first.release()
    (tmp_path / "file").touch()
    page = tmp_path / "file" / "page.md"  # where no file can be: the claim is given up again
    refusal("--corpus", tiny_corpus_path, "--out", out, "--page", page)
    assert [it.name for it in tmp_path.iterdir()] == ["file"]
