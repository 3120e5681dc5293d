"""From checkpoints to the bundle, through the same export as full-size models."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from spanport_models.export import EncoderOptions, TranslatorOptions
from spanport_models.export.encoder import export_encoder
from spanport_models.export.translator import export_translator
from spanport_models.pipeline import assemble_pipeline
from spanport_models.train import encoder, translator
from spanport_models.train.loop import trained_weights
from spanport_models.train.sources import ENGLISH, load_corpus
from spanport_models.train.text import detokenize
from spanport_models.train.vocabulary import CODES

LICENCE = "CC-BY-SA-4.0 (trained on research data: see MODEL_CARD.md)"
PENALTY = 1.1  # on the first half of NTREX-128 worth .2 to .9 chrF, at no cost
MIXTURE: dict[str, float | str] = {
    "neural": 1.0, "lexicon": 1.0, "lexical": 1.0, "position": 0.5, "scale": 20.0, "extraction": "softmax",
    "threshold": 0.1,
}  # fmt: skip
"""Not searched for on the CoNLL dev sets: their text is in the aligner's training, so that they overrate `neural`."""


def hugging_face_folder(
    checkpoint: Path, tokenizer: Path, folder: Path, build: Callable[[int], Any], extra: list[str], limit: int
) -> None:
    """Write a checkpoint as a Hugging Face model folder with its tokenizer."""
    fast = PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer), bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        sep_token="</s>", cls_token="<s>", additional_special_tokens=extra, model_max_length=limit,
    )  # fmt: skip
    model = build(len(fast))
    model.load_state_dict(trained_weights(checkpoint))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    # The exact file that training read, not one written anew.
    shutil.copyfile(tokenizer, folder / "tokenizer.json")


def _english(corpus: Path) -> tuple[str, ...]:
    """The distinct English sentences of the training text."""
    pairs = load_corpus(corpus)
    return tuple(dict.fromkeys(pair.texts[0] or detokenize(pair.words[0], ENGLISH) for pair in pairs))


def export(work: Path, out: Path) -> Path:
    """Export the checkpoints and the lexicon in `work` as the pipeline bundle `out`, which is replaced."""
    staging = work / "export"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    hugging_face_folder(
        work / "encoder.pt", work / "xlmr.json", staging / "mini-xlm-r", encoder.build, ["<mask>"], encoder.MAX_LENGTH
    )
    hugging_face_folder(
        work / "translator.pt", work / "nllb.json", staging / "mini-nllb", translator.build, CODES, 512
    )
    export_encoder(
        staging / "mini-xlm-r",
        staging / "encoder",
        EncoderOptions(
            layer=encoder.LAYER,
            languages=tuple(CODES),
            licence=LICENCE,
            name="mini",
        ),
        progress=print,
    )
    export_translator(
        staging / "mini-nllb",
        staging / "translator",
        TranslatorOptions(
            languages={code: code for code in CODES},
            repetition_penalty=PENALTY,
            shortlist=_english(work / "corpus.jsonl"),
            licence=LICENCE,
            name="mini",
        ),
        progress=print,
    )
    fresh = staging / "mini"
    assemble_pipeline(
        fresh,
        name="mini",
        encoder=staging / "encoder",
        translator=staging / "translator",
        lexicon=work / "lexicon.npz",
        mixture=MIXTURE,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    card = out / "MODEL_CARD.md"
    if card.exists():
        shutil.copyfile(card, fresh / card.name)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(fresh, out)
    return out
