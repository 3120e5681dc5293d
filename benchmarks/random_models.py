"""Models of random weights in the shapes of XLM-R large and NLLB-200, as Hugging Face folders with tokenizers."""

import json
from pathlib import Path
from typing import Any

XLM_R_LARGE = {"hidden": 1024, "layers": 24, "heads": 16, "feed_forward": 4096, "vocabulary": 250_002}
NLLB: dict[str, dict[str, int]] = {
    "600M": {"hidden": 1024, "layers": 12, "heads": 16, "feed_forward": 4096, "vocabulary": 256_206},
    "1.3B": {"hidden": 1024, "layers": 24, "heads": 16, "feed_forward": 8192, "vocabulary": 256_206},
    "3.3B": {"hidden": 2048, "layers": 24, "heads": 16, "feed_forward": 8192, "vocabulary": 256_206},
}
TINY = {"hidden": 64, "layers": 6, "heads": 4, "feed_forward": 128, "vocabulary": 8_000}
QUARTER = 4
LABELS = ("B-LOC", "B-MISC", "B-ORG", "I-LOC", "I-MISC", "I-ORG", "I-PER", "O")
PIECES = 12_000
LANGUAGES = ("eng_Latn", "spa_Latn", "deu_Latn", "ita_Latn")


def scaled(size: dict[str, int], scale: str) -> dict[str, int]:
    """The size of a model at a scale."""
    if scale == "tiny":
        return TINY
    parts = QUARTER if scale == "quarter" else 1
    return {**size, "layers": size["layers"] // parts, "vocabulary": size["vocabulary"] // parts}


def unigram(texts: list[Path], specials: list[str], size: int, template: str) -> Any:
    """A unigram tokenizer of the XLM-R form with ``size`` tokens, most of them fillers that never occur."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=min(PIECES, size - 1000), special_tokens=specials, unk_token="<unk>", show_progress=False
    )
    tokenizer.train([str(path) for path in texts], trainer)
    state = json.loads(tokenizer.to_str())
    pieces = state["model"]["vocab"]
    pieces += [[f"▁▁filler{i}", -30.0] for i in range(size - len(pieces))]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    used = [token for token in template.split() if token != "$A"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template, special_tokens=[(token, tokenizer.token_to_id(token)) for token in used]
    )
    return tokenizer


def save(model: Any, tokenizer: Any, folder: Path, **settings: Any) -> None:
    from transformers import PreTrainedTokenizerFast

    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=512,
        **settings,
    ).save_pretrained(folder)


def build_encoder(folder: Path, texts: list[Path], size: dict[str, int], vocabulary: str | None) -> None:
    """A token classifier of the shape of XLM-R large, biased so that about one word in ten is in an entity."""
    import torch
    from tokenizers import Tokenizer
    from transformers import XLMRobertaConfig, XLMRobertaForTokenClassification

    torch.manual_seed(0)
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = (
        Tokenizer.from_file(vocabulary) if vocabulary else unigram(texts, specials, size["vocabulary"], "<s> $A </s>")
    )
    config = XLMRobertaConfig(
        vocab_size=size["vocabulary"],
        hidden_size=size["hidden"],
        num_hidden_layers=size["layers"],
        num_attention_heads=size["heads"],
        intermediate_size=size["feed_forward"],
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        id2label=dict(enumerate(LABELS)),
    )
    model = XLMRobertaForTokenClassification(config).eval()
    with texts[0].open(encoding="utf-8") as lines:
        sample = [tokenizer.encode(line).ids[:128] for _, line in zip(range(20), lines, strict=False)]
    with torch.no_grad():
        logits = torch.cat([model(input_ids=torch.tensor([ids])).logits[0] for ids in sample])
        outside = LABELS.index("O")
        others = torch.cat([logits[:, :outside], logits[:, outside + 1 :]], dim=1).max(dim=1).values
        model.classifier.bias[outside] += torch.quantile(others - logits[:, outside], 0.9)
    save(model, tokenizer, folder)


def build_translator(folder: Path, texts: list[Path], size: dict[str, int]) -> None:
    """A translator of the shape of NLLB-200; the largest is stored in half precision, as its memory asks for.

    Left as they are, random weights repeat their first token, the language code, and the translations are empty.
    The signs of the last normalisation break that, and small rows keep the fillers of the vocabulary from winning.
    """
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(0)
    torch.set_default_dtype(torch.float16 if size["hidden"] > 1024 else torch.float32)
    specials = ["<s>", "<pad>", "</s>", "<unk>", *LANGUAGES]
    tokenizer = unigram(texts, specials, size["vocabulary"], "eng_Latn $A </s>")
    config = M2M100Config(
        vocab_size=size["vocabulary"],
        d_model=size["hidden"],
        encoder_layers=size["layers"],
        decoder_layers=size["layers"],
        encoder_attention_heads=size["heads"],
        decoder_attention_heads=size["heads"],
        encoder_ffn_dim=size["feed_forward"],
        decoder_ffn_dim=size["feed_forward"],
        max_position_embeddings=1024,
        decoder_start_token_id=2,
    )
    model = M2M100ForConditionalGeneration(config)
    with torch.no_grad():
        model.model.shared.weight[PIECES:] *= 0.01
        model.model.decoder.layer_norm.weight.copy_(torch.randint(2, (size["hidden"],)) * 2 - 1)
    save(model, tokenizer, folder, additional_special_tokens=list(LANGUAGES))
