"""The recital meter on the screen: opens the corpus, follows the reply, tells panel and text.

Owns when that is done, and in which slices; counting and drawing are others'. The corpus is opened
in a thread, for a model that is loaded, and only there is numpy imported: without a corpus none of
it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.screen import Screen

from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.errors import CharlmError
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import Noticed
from charlm_tui.text import capitalised
from charlm_tui.tui.document import Block
from charlm_tui.tui.paint import Mark
from charlm_tui.tui.widgets.recital import NO_CORPUS, OFF, READING, RecitalPanel
from charlm_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:  # numpy is imported in the thread
    from charlm_tui.recital import CorpusAtHand, Following, Index

SLICE_S = 0.005  # that following may take of a frame
CATCH_UP_FRAMES_PER_S = 30


@dataclass
class CorpusOpened(Message):
    """A corpus is there for a model; posted from the thread that has opened it."""

    model: ModelLoaded
    corpus: "CorpusAtHand"
    index: "Index"


@dataclass
class CorpusRefused(Message):
    """A corpus cannot be used, and why; posted from the thread that has tried."""

    model: ModelLoaded
    sentence: str


class Meter:
    """Keeps up what is shown of how much of the last reply stands in the corpus.

    Args:
        screen: that messages of the thread are posted to; it hands them on to `opened`, `refused`.
        conversation: whose last reply is followed.
        transcript: that passages are marked in.
        panel: that shows the figures.
        corpus: its path; None if there is none.
        marking: whether passages are marked.
        tell: is told what a person should know.
    """

    def __init__(
        self,
        screen: Screen[None],
        conversation: Conversation,
        transcript: Transcript,
        panel: RecitalPanel,
        corpus: Path | None,
        marking: bool,
        tell: Callable[[Noticed], None],
    ) -> None:
        self._screen = screen
        self._conversation = conversation
        self._transcript = transcript
        self._panel = panel
        self._corpus = corpus
        self._marking = marking
        self._tell = tell
        self._model: ModelLoaded | None = None  # that the corpus is or was opened for
        self._following: Following | None = None
        self._told: set[str] = set()
        self._timer = screen.set_interval(1 / CATCH_UP_FRAMES_PER_S, self.look, pause=True)
        panel.note = READING if corpus is not None else NO_CORPUS

    @property
    def ready(self) -> bool:
        """Whether there is a corpus to hold text against."""
        return self._following is not None

    @property
    def marking(self) -> bool:
        """Whether the longest passage is marked in the text."""
        return self._marking

    @marking.setter
    def marking(self, marking: bool) -> None:
        self._marking = marking
        if not marking:
            self._transcript.recite(())

    # The corpus.

    def use(self, model: ModelLoaded) -> None:
        """Open the corpus for a model, unless it is open for one with the same vocabulary."""
        if self._corpus is None or model is self._model:
            return
        before, self._model = self._model, model
        if before is not None and _reads_as(before, model):
            return
        self._following = None
        self._panel.findings, self._panel.note = None, READING
        self._panel.tell_match(True)  # as far as is known
        self._transcript.recite(())
        self._timer.pause()
        path = self._corpus
        self._screen.run_worker(lambda: self._open(path, model), thread=True, group="recital")

    def _open(self, path: Path, model: ModelLoaded) -> None:
        """Open a corpus for a model; runs in a thread."""
        from platformdirs import user_cache_path

        from charlm_tui.recital import RecitalError, corpus_for, open_index

        message: Message
        try:
            corpus = corpus_for(model.card, path, {})
            if corpus is None:  # one that was given is there, or refused
                raise RecitalError(f"the corpus {path} is gone; give another with --corpus")
            vocabulary = Vocabulary(model.symbols, model.case)
            index = open_index(corpus.path, vocabulary, user_cache_path("charlm-tui"))
            message = CorpusOpened(model, corpus, index)
        except CharlmError as error:
            message = CorpusRefused(model, str(error))
        self._screen.post_message(message)

    def opened(self, message: CorpusOpened) -> None:
        """Begin to follow, unless the model is another by now."""
        if not self._is_wanted(message.model):
            return
        from charlm_tui.recital import Following

        self._following = Following(message.index)
        self._panel.note = ""
        self._panel.tell_match(message.corpus.matches)
        self._tell_once(message.corpus.notice)
        self.look()

    def refused(self, message: CorpusRefused) -> None:
        """Say why there is nothing to follow in."""
        if self._is_wanted(message.model):
            self._panel.note = OFF
            self._tell_once(capitalised(message.sentence), error=True)

    def _is_wanted(self, model: ModelLoaded) -> bool:
        return self._model is not None and (model is self._model or _reads_as(model, self._model))

    def _tell_once(self, sentence: str, error: bool = False) -> None:
        if sentence and sentence not in self._told:
            self._told.add(sentence)
            self._tell(Noticed(sentence, error))

    # The reply.

    def rewound(self, turn: Turn, length: int) -> None:
        """Take in that only the first `length` characters of a turn's reply are as they were."""
        if self._following is not None:
            self._following.rewind(turn, length)

    def look(self) -> None:
        """Read on in the last reply for a moment, and show what is known; if anybody looks."""
        following = self._following
        if following is None or not (self._marking or self._panel.display):
            self._timer.pause()
            return
        if following.follow(self._conversation.turn, SLICE_S):
            self._timer.pause()
        else:
            self._timer.resume()
        findings = self._panel.findings = following.findings
        if self._marking:
            passage = findings.passage if findings is not None else None
            turn = following.turn
            self._transcript.recite(
                self._marks(turn, passage.start, passage.start + passage.length)
                if turn is not None and passage is not None
                else ()
            )

    def _marks(self, turn: Turn, start: int, stop: int) -> tuple[Mark, ...]:
        """Return the marks on characters of a turn's reply: in each block that has some of them."""
        marks = []
        for block in reversed(self._transcript.blocks):
            if block.source is turn:
                if block.kind != "reply" or block.first + block.length <= start:
                    break
                if block.first < stop:
                    first, end = start - block.first, stop - block.first
                    marks.append(Mark(block, max(0, first), min(end, block.length)))
        return tuple(marks)

    def levels(self, block: Block, start: int, stop: int) -> bytes:
        """Return the levels of characters of a block; 0 where there is no corpus."""
        if self._following is None:
            return bytes(stop - start)
        from charlm_tui.recital.follower import recital_levels

        turn = block.source
        assert isinstance(turn, Turn)
        return recital_levels(self._following.index, turn, block.first + start, block.first + stop)


def _reads_as(one: ModelLoaded, other: ModelLoaded) -> bool:
    """Return whether two models read a corpus in the same way, and say they were trained on one."""
    return (one.symbols, one.case, one.card.get("corpus")) == (
        other.symbols,
        other.case,
        other.card.get("corpus"),
    )
