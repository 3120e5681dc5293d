"""Shortlists: the pieces a translator may write in one language, which a shared vocabulary has many more of.

Every token that is written is chosen among all pieces, most of which are of other languages: for a small decoder over
a large vocabulary that is most of the work. (Vocabulary selection: L'Hostis et al. 2016; CTranslate2 calls the file a
vocabulary mapping.)
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from spanport_models.errors import ExportError
from spanport_models.tokenization import TextTokenizer

FILE = "vmap.txt"
MINIMUM = 3
"""Times that a piece must occur in the texts; pieces of a single character are kept if they occur at all."""

_AT_ONCE = 1000


def write_shortlist(folder: Path, texts: Sequence[str], always: Iterable[str]) -> int:
    """Write the shortlist of an exported translator whose tokenizers are in `folder`; return how many pieces it has.

    Args:
        folder: The export, with its tokenizers.
        texts: Running text in the language that the shortlist is for.
        always: Tokens to keep, whether they occur or not.

    Raises:
        ExportError: No piece occurs often enough.
    """
    target = folder / "target_tokenizer.json"
    tokenizer = TextTokenizer(folder / "tokenizer.json", target if target.is_file() else None)
    counts: Counter[str] = Counter()
    for first in range(0, len(texts), _AT_ONCE):
        for pieces in tokenizer.target_pieces(texts[first : first + _AT_ONCE]):
            counts.update(pieces)
    kept = [piece for piece, count in counts.items() if count >= MINIMUM or len(piece.lstrip("▁")) == 1]
    if not any(counts[piece] >= MINIMUM for piece in kept):
        raise ExportError(
            f"shortlist: no piece occurs {MINIMUM} times in {len(texts)} texts",
            expected="at least some ten thousand sentences",
            remedy="Give a longer text, or none.",
        )
    names = sorted({*kept, *always} - {""})
    # "<n-gram of the source> TAB <tokens>": what an empty n-gram allows is always allowed.
    names = [name for name in names if not set(name) & set(" \t\n")]
    (folder / FILE).write_text("\t" + " ".join(names) + "\n", encoding="utf-8", newline="\n")
    return len(names)
