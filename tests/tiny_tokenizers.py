"""Small tokenizers of every kind, trained on a few sentences of our own."""

from pathlib import Path
from typing import Any

TEXTS = (
    "Marta Oliveira flew from Lisbon to Oslo on Monday .",
    "La doctora Marta Oliveira vive en Lisboa .",
    "Die Bäckerei Krüger in Köln schließt im Mai .",
    "one two three four five six seven eight nine ten",
    "Prices rose 4.5 % in May , said Ana .",
    "東京 は 大きい",
)


def unigram(specials: tuple[str, ...], *, prefix: str = "<s> ", suffix: str = " </s>") -> Any:
    """A small unigram tokenizer of the XLM-R form, trained on `TEXTS`."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=150, special_tokens=list(specials), unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    used = list(dict.fromkeys((prefix + suffix).split()))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{prefix}$A{suffix}", special_tokens=[(token, tokenizer.token_to_id(token)) for token in used]
    )
    return tokenizer


def byte_level() -> Any:
    """A small byte-level BPE tokenizer of the RoBERTa form, trained on `TEXTS`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    return tokenizer


def sentencepiece(prefix: Path, *, model_type: str = "unigram", **settings: object) -> Path:
    """A small SentencePiece model trained on `TEXTS`."""
    from sentencepiece import SentencePieceTrainer

    SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_prefix=str(prefix),
        vocab_size=110,
        model_type=model_type,
        hard_vocab_limit=False,
        minloglevel=2,
        **settings,
    )
    return prefix.with_suffix(".model")


def pieces_of(model: Path) -> list[str]:
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(str(model))
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
