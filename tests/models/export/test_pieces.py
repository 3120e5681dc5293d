from pathlib import Path

import pytest

import tiny_models as tiny

pytest.importorskip("sentencepiece", reason="needs the extra spanport[export]")

TEXTS = (*tiny.TEXTS, "  two   spaces ", "ﬁne Ｆｕｌｌ", "Ọjọ́gbọ́n", "unseen ☃ sign", "", "\u200bx")


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
@pytest.mark.parametrize("rule", ["nmt_nfkc", "identity"])
def test_the_pieces_are_those_of_sentencepiece(tmp_path: Path, model_type: str, rule: str) -> None:
    from sentencepiece import SentencePieceProcessor

    from spanport_models.export.pieces import sentencepiece_tokenizer

    model = tiny.sentencepiece(tmp_path / "spm", model_type=model_type, normalization_rule_name=rule)
    processor, tokenizer = SentencePieceProcessor(str(model)), sentencepiece_tokenizer(model)
    for text in TEXTS:
        assert tokenizer.encode(text).ids == processor.encode(text)
