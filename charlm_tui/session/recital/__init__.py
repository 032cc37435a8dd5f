"""The recital meter: how much of a reply stands word for word in the corpus.

`index` owns the corpus, sorted (`sorting`) so that a reply can be followed through it; `keeping`
keeps it on disk; `corpora` finds the file; `recital` follows one reply, and `words` counts its
words. Knows nothing of models, tapes or screens. Loads numpy: a front end imports it after its
first paint.
"""

from charlm_tui.session.recital.corpora import CorpusAtHand, RecitalError, corpus_for
from charlm_tui.session.recital.index import Index, build
from charlm_tui.session.recital.keeping import open_index
from charlm_tui.session.recital.recital import Passage, Recital

__all__ = [
    "CorpusAtHand",
    "Index",
    "Passage",
    "Recital",
    "RecitalError",
    "build",
    "corpus_for",
    "open_index",
]
