"""Tiny models with random weights, made as their full-size relatives are: configuration, weights, tokenizer."""

from pathlib import Path
from typing import Any

from tiny_tokenizers import TEXTS, pieces_of, sentencepiece, unigram
from tiny_tokenizers import byte_level as byte_level

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def xlm_roberta(folder: Path, *, labels: tuple[str, ...] = LABELS, positions: int = 34, size: int = 32) -> Path:
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
        hidden_size=size,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=size + 16,
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


def bert(folder: Path) -> Path:
    """A tiny BERT token classifier with a WordPiece tokenizer."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    torch.manual_seed(7)
    folder.mkdir(parents=True)
    letters = sorted({letter for text in TEXTS for letter in text if letter != " "})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False)
    config = BertConfig(vocab_size=len(pieces), id2label=dict(enumerate(LABELS)), **_SMALL)
    BertForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def mdeberta(folder: Path) -> Path:
    """A tiny mDeBERTa-v3 token classifier (disentangled attention, SentencePiece model only)."""
    import torch
    from transformers import DebertaV2Config, DebertaV2ForTokenClassification, DebertaV2Tokenizer

    torch.manual_seed(7)
    folder.mkdir(parents=True)
    model = sentencepiece(
        folder / "spm",
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
    )
    tokenizer = DebertaV2Tokenizer(str(model))
    config = DebertaV2Config(
        vocab_size=len(tokenizer),
        id2label=dict(enumerate(LABELS)),
        relative_attention=True,
        position_buckets=8,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        type_vocab_size=0,
        max_relative_positions=-1,
        **_SMALL,
    )
    DebertaV2ForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def xlm_v(folder: Path) -> Path:
    """A tiny XLM-V: the XLM-R architecture, its tokenizer given as a SentencePiece model only."""
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForTokenClassification, XLMRobertaTokenizer

    torch.manual_seed(7)
    folder.mkdir(parents=True)
    tokenizer = XLMRobertaTokenizer(str(sentencepiece(folder / "spm")))
    config = XLMRobertaConfig(vocab_size=len(tokenizer), id2label=dict(enumerate(LABELS)), **_SMALL)
    XLMRobertaForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def t5(folder: Path) -> Path:
    """A tiny MADLAD-400: T5 whose source starts with the target's language token."""
    import torch
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    torch.manual_seed(7)
    tokenizer = unigram(("<unk>", "<s>", "</s>", "<pad>", "<2en>", "<2es>", "<2de>"), prefix="")
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=32,
        d_kv=8,
        d_ff=48,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=3,
        pad_token_id=3,
        eos_token_id=2,
        initializer_factor=3.0,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(folder)
    return folder


def marian(folder: Path, *, targets: tuple[str, ...] = ()) -> Path:
    """A tiny Marian model es -> en, or es -> several languages when ``targets`` are given (">>deu<<")."""
    import json

    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    torch.manual_seed(7)
    folder.mkdir(parents=True)
    source = sentencepiece(folder / "source", pad_id=-1, bos_id=-1)
    target = sentencepiece(folder / "target", pad_id=-1, bos_id=-1)
    pieces = dict.fromkeys(["</s>", "<unk>", *pieces_of(source), *pieces_of(target), *targets, "<pad>"])
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    tokenizer = MarianTokenizer(
        str(source), str(target), str(folder / "vocab.json"), source_lang="es", target_lang="en"
    )
    pad = len(pieces) - 1
    config = MarianConfig(
        vocab_size=len(pieces),
        **_seq2seq(),
        pad_token_id=pad,
        eos_token_id=0,
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
        init_std=0.3,
        static_position_embeddings=True,
        share_encoder_decoder_embeddings=True,
        scale_embedding=True,
    )
    MarianMTModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


SENTENCES = [text.split() for text in TEXTS] + [[], ["Ana"], ["Ana", "", "Oslo"]]


def _seq2seq(size: int = 32) -> dict[str, Any]:
    sides = ("encoder", "decoder")
    each = {"layers": 2, "attention_heads": 4, "ffn_dim": size + 16}
    settings = {f"{side}_{name}": value for side in sides for name, value in each.items()}
    return {"d_model": size, "max_position_embeddings": 64, **settings}


_SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 66,
    "initializer_range": 0.2,
}


def m2m100(
    folder: Path,
    languages: tuple[str, ...] = ("eng_Latn", "spa_Latn", "deu_Latn"),
    size: int = 32,
    spread: float = 0.3,
) -> Path:
    """A tiny NLLB-architecture translator."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, PreTrainedTokenizerFast

    torch.manual_seed(7)
    tokenizer = unigram(("<s>", "<pad>", "</s>", "<unk>", *languages), prefix="eng_Latn ")
    config = M2M100Config(
        vocab_size=tokenizer.get_vocab_size(),
        **_seq2seq(size),
        init_std=spread,
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


def m2m100_of_the_hub(folder: Path) -> Path:
    """A tiny M2M100 as it is on the hub: a SentencePiece model, ids in `vocab.json`, tokens like `__es__` added."""
    import json

    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    torch.manual_seed(7)
    folder.mkdir(parents=True)
    model = sentencepiece(folder / "spm", pad_id=-1, bos_id=-1)
    pieces = dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>", *pieces_of(model)])
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    files = (str(folder / "vocab.json"), str(model))
    codes = list(M2M100Tokenizer(*files).lang_token_to_id)
    tokenizer = M2M100Tokenizer(*files, additional_special_tokens=codes)
    config = M2M100Config(
        vocab_size=len(tokenizer) + tokenizer.num_madeup_words,
        **_seq2seq(),
        init_std=0.3,
        decoder_start_token_id=2,
    )
    M2M100ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
