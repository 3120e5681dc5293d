"""Tiny models with random weights, made as their full-size relatives are: configuration, weights, tokenizer."""

from pathlib import Path
from typing import Any

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
TEXTS = (
    "Marta Oliveira flew from Lisbon to Oslo on Monday .",
    "La doctora Marta Oliveira vive en Lisboa .",
    "Die Bäckerei Krüger in Köln schließt im Mai .",
    "one two three four five six seven eight nine ten",
    "Prices rose 4.5 % in May , said Ana .",
    "東京 は 大きい",
)


def unigram(specials: tuple[str, ...], *, prefix: str = "<s> ", suffix: str = " </s>") -> Any:
    """A small unigram tokenizer of the XLM-R form, trained on :data:`TEXTS`."""
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


def xlm_roberta(folder: Path, *, labels: tuple[str, ...] = LABELS, positions: int = 34) -> Path:
    """A tiny XLM-R: a token classifier, or a plain encoder when ``labels`` is empty."""
    import torch
    from transformers import (
        PreTrainedTokenizerFast,
        XLMRobertaConfig,
        XLMRobertaForTokenClassification,
        XLMRobertaModel,
    )

    torch.manual_seed(7)
    tokenizer = unigram(("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=positions,
        id2label=dict(enumerate(labels)) or None,
        initializer_range=0.2,
    )
    model = XLMRobertaForTokenClassification(config) if labels else XLMRobertaModel(config)
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    return folder


def m2m100(folder: Path, languages: tuple[str, ...] = ("eng_Latn", "spa_Latn", "deu_Latn")) -> Path:
    """A tiny NLLB-architecture translator."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, PreTrainedTokenizerFast

    torch.manual_seed(7)
    tokenizer = unigram(("<s>", "<pad>", "</s>", "<unk>", *languages), prefix="eng_Latn ")
    config = M2M100Config(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_position_embeddings=64,
        init_std=0.3,
        decoder_start_token_id=2,
    )
    M2M100ForConditionalGeneration(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=list(languages),
    ).save_pretrained(folder)
    return folder
