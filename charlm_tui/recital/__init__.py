"""The recital meter: how much of a reply stands word for word in the corpus.

`index` owns the corpus, sorted (`sorting`) so that a reply can be followed through it; `keeping`
keeps it on disk; `corpora` finds the file; `recital` reads one text, and `words` counts its words.
These know nothing of turns or screens. `following` reads the reply that a conversation shows, and
`levels` tints any part of one. Loads numpy: a front end imports it after its first paint.
"""

from charlm_tui.recital.corpus import CorpusAtHand, RecitalError, corpus_for
from charlm_tui.recital.follower import Findings, Following
from charlm_tui.recital.index import Index, build
from charlm_tui.recital.index_file import open_index
from charlm_tui.recital.recital import Passage, Recital

__all__ = [
    "CorpusAtHand",
    "Findings",
    "Following",
    "Index",
    "Passage",
    "Recital",
    "RecitalError",
    "build",
    "corpus_for",
    "open_index",
]
