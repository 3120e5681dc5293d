"""SentencePiece models as ``tokenizer.json``, for translators that transformers has no fast tokenizer for.

CTranslate2 takes pieces rather than ids, so that the result keeps SentencePiece's own ids and the model's
vocabulary file is not needed.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spanport_models.errors import ExportError
from spanport_models.tokenization import load_tokenizer

_UNIGRAM, _BPE = 1, 2


def write_marian_tokenizers(folder: Path, out: Path, proof: Sequence[str]) -> Any:
    """Write ``tokenizer.json`` (source) and ``target_tokenizer.json`` of a Marian model; return the original.

    Raises:
        ExportError: A file is missing, or the pieces differ from the original's on the proof texts.
    """
    from transformers import MarianTokenizer

    try:
        original = MarianTokenizer.from_pretrained(folder)
    except Exception as error:  # transformers raises OSError, TypeError, ImportError, ...
        raise ExportError(
            f"the tokenizer of {folder} cannot be loaded: {error}",
            expected="source.spm, target.spm and vocab.json beside the model",
        ) from error
    languages = sorted(token for token in original.get_vocab() if token.startswith(">>"))
    write_pieces(folder / "source.spm", out / "tokenizer.json", languages)
    write_pieces(folder / "target.spm", out / "target_tokenizer.json", ())
    prove_pieces(original, out / "tokenizer.json", proof)
    return original


def write_pieces(model: Path, target: Path, added: Iterable[str]) -> None:
    """Write a SentencePiece model as ``tokenizer.json``, with some tokens added.

    Raises:
        ExportError: The model is neither a unigram nor a BPE model.
    """
    tokenizer = sentencepiece_tokenizer(model)
    tokenizer.add_special_tokens(list(added))
    tokenizer.save(str(target))


def prove_pieces(original: Any, path: Path, texts: Sequence[str]) -> None:
    """Compare pieces with those of a slow tokenizer of transformers.

    Raises:
        ExportError: The pieces differ.
    """
    converted = load_tokenizer(path)
    vocabulary, unknown = converted.get_vocab(), original.unk_token

    def known(pieces: list[str]) -> list[str]:
        return [piece if piece in vocabulary else unknown for piece in pieces]

    for text in texts:
        expected = known(original.tokenize(text))
        actual = known(converted.encode(text, add_special_tokens=False).tokens)
        if actual != expected:
            raise ExportError(
                f"the converted tokenizer turns {text!r} into {actual}", expected=f"{expected}, as the original"
            )


def sentencepiece_tokenizer(path: Path) -> Any:
    """A SentencePiece unigram or BPE model as a ``tokenizers.Tokenizer`` with the same pieces.

    Only text whose combining marks are not in canonical order may give other pieces (it is put in order first).

    Raises:
        ExportError: The model is neither.
    """
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(path.read_bytes())
    trainer, rules = proto.trainer_spec, proto.normalizer_spec
    scores = [(piece.piece, piece.score) for piece in proto.pieces]
    model: Any
    if trainer.model_type == _UNIGRAM:
        model = models.Unigram(scores, trainer.unk_id, byte_fallback=trainer.byte_fallback)
    elif trainer.model_type == _BPE:
        from transformers.convert_slow_tokenizer import generate_merges

        vocabulary = {piece: number for number, (piece, _) in enumerate(scores)}
        model = models.BPE(
            vocabulary,
            generate_merges(vocabulary, dict(scores)),
            unk_token=trainer.unk_piece,
            fuse_unk=True,
            byte_fallback=trainer.byte_fallback,
        )
    else:
        raise ExportError(f"{path} is a SentencePiece {trainer.model_type} model", expected="unigram or BPE")
    tokenizer = Tokenizer(model)
    steps: list[Any] = []
    if rules.precompiled_charsmap:
        # `tokenizers` applies the map grapheme by grapheme and thus leaves several marks on one letter uncomposed
        steps += [normalizers.NFC(), normalizers.Precompiled(rules.precompiled_charsmap)]
    if rules.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    if steps:
        tokenizer.normalizer = normalizers.Sequence(steps)
    prefix = "always" if rules.add_dummy_prefix else "never"
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prefix, split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=prefix)
    return tokenizer
