"""One unigram vocabulary over all languages, written in the XLM-R and in the NLLB form."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import Unigram

from mini.sources import ENGLISH, LANGUAGES, Pair
from mini.text import detokenize

SIZE = 16_000
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789àèéìòùáíóúñäöüßÈÉÀÁÓÚÄÖÜ"
STANDALONE = [*",.:;!?()[]\"'-/%&$+*=@¿¡", *_LETTERS, "'s", "n't", "--", "..."]
CODES = [ENGLISH, *LANGUAGES.values()]


def _configure(tokenizer: Tokenizer) -> Tokenizer:
    """Compatibility normalisation, plain quotes and dashes, a word mark before every word.

    An elided article is parted from its word (`l'università` as `l'` `università`) and joined again by the decoder.
    """
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex("[“”„«»]|``|''"), '"'),
            normalizers.Replace(Regex("[’‘`´]"), "'"),
            normalizers.Replace(Regex("[–—−]"), "-"),
            normalizers.Replace(Regex(r"(?<=[lLdDnN])'(?=\p{L}{2})"), "' "),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    joins = [decoders.Replace(f"{letter}' ", f"{letter}'") for letter in "lLdDnN"]
    tokenizer.decoder = decoders.Sequence([decoders.Metaspace(prepend_scheme="always"), decoders.Fuse(), *joins])
    return tokenizer


def training_text(pairs: Iterable[Pair]) -> Iterator[str]:
    """Natural text of every distinct side of the best translations."""
    seen: set[str] = set()
    for pair in pairs:
        if pair.origin.startswith("en2") and not pair.origin.endswith("deepl"):
            continue
        for side, language in enumerate((ENGLISH, pair.language)):
            words = pair.words[side]
            text = detokenize(words, language) if words else pair.texts[side]
            if text not in seen:
                seen.add(text)
                yield text


def train_pieces(lines: Iterable[str], size: int = SIZE) -> list[tuple[str, float]]:
    """Train a unigram model (Kudo 2018) by SentencePiece; return pieces with log probabilities, best first."""
    normalizer = _configure(Tokenizer(Unigram())).normalizer
    reserved = len(SPECIAL) + len(CODES) + len(STANDALONE)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(normalizer.normalize_str(line) for line in lines),
        model_writer=model,
        model_type="unigram",
        vocab_size=size - reserved,
        normalization_rule_name="identity",
        character_coverage=0.9998,
        max_sentencepiece_length=14,
        num_threads=2,
        minloglevel=2,
        hard_vocab_limit=False,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    found = {
        processor.id_to_piece(index): float(processor.get_score(index))
        for index in range(processor.get_piece_size())
        if not (processor.is_control(index) or processor.is_unknown(index))
    }
    for mark in STANDALONE:
        # As likely as the mark itself, so that a mark that is a word of its own costs one piece.
        found.setdefault("▁" + mark, found.get(mark, -7.0))
    return sorted(found.items(), key=lambda item: -item[1])


def nllb_tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """Ids as in NLLB: the four specials, the pieces, then the language codes."""
    vocabulary = [(token, 0.0) for token in SPECIAL] + pieces + [(token, 0.0) for token in CODES]
    tokenizer = _configure(Tokenizer(Unigram(vocabulary, unk_id=3, byte_fallback=False)))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in [*SPECIAL, *CODES]])
    return tokenizer


def train(pairs: Iterable[Pair], folder: Path, size: int = SIZE) -> None:
    """Write `nllb.json` to `folder`."""
    pieces = train_pieces(training_text(pairs), size)
    nllb_tokenizer(pieces).save(str(folder / "nllb.json"))
