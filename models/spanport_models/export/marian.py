"""Tokenizers of Marian models: two SentencePiece models and a shared vocabulary."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spanport_models.errors import ExportError
from spanport_models.tokenization import load_tokenizer


def write_marian_tokenizers(folder: Path, out: Path, proof: Sequence[str]) -> Any:
    """Write ``tokenizer.json`` (source) and ``target_tokenizer.json``; return the original tokenizer.

    transformers has no fast Marian tokenizer. CTranslate2 takes pieces rather than ids, so that each SentencePiece
    model becomes a unigram tokenizer with its own ids and Marian's shared vocabulary is not needed.

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
    for side, name in (("source", "tokenizer.json"), ("target", "target_tokenizer.json")):
        tokenizer = unigram_tokenizer(folder / f"{side}.spm")
        tokenizer.add_special_tokens(languages)
        tokenizer.save(str(out / name))
    converted = load_tokenizer(out / "tokenizer.json")
    for text in proof:
        expected = original.tokenize(text)
        actual = converted.encode(text, add_special_tokens=False).tokens
        if actual != expected:
            raise ExportError(f"the converted tokenizer turns {text!r} into {actual}", expected=str(expected))
    return original


def unigram_tokenizer(path: Path) -> Any:
    """A SentencePiece unigram model as a ``tokenizers.Tokenizer`` with the same pieces.

    Raises:
        ExportError: The model is not a unigram model.
    """
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(path.read_bytes())
    if model.trainer_spec.model_type != 1:
        raise ExportError(f"{path} is not a unigram model", expected="a SentencePiece unigram model")
    pieces = [(piece.piece, piece.score) for piece in model.pieces]
    tokenizer = Tokenizer(
        models.Unigram(pieces, model.trainer_spec.unk_id, byte_fallback=model.trainer_spec.byte_fallback)
    )
    steps: list[Any] = []
    if model.normalizer_spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap))
    if model.normalizer_spec.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    if steps:
        tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer
