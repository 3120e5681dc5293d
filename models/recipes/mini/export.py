"""From checkpoints to the bundle, through the same export as full-size models."""

import shutil
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from mini import base, encoder, translator
from mini.loop import trained_weights
from mini.sources import ENGLISH, for_translation, load_corpus
from mini.text import detokenize
from mini.vocabulary import CODES
from spanport_models.assembly import assemble_pipeline
from spanport_models.export import EncoderOptions, TranslatorOptions
from spanport_models.export.encoder import export_encoder
from spanport_models.export.translator import export_translator

LICENCE = "CC-BY-SA-4.0 (from an MIT base, trained on research data: see MODEL_CARD.md)"
LANGUAGES = tuple((Path(__file__).parent / "languages.txt").read_text("utf-8").split())
"""What the base was pre-trained on (XLM-R's languages) and NTREX-128 adds, as NLLB codes."""
PENALTY = 1.1  # on the first half of NTREX-128 worth .2 to .9 chrF, at no cost
MIXTURE: dict[str, float | str] = {
    "neural": 1.0, "lexicon": 0.5, "scale": 40.0, "project_scale": 20.0, "extraction": "softmax", "threshold": 0.1,
}  # fmt: skip
"""Chosen by `python -m mini figures`, `--only choices` (links) and `--only agreement` (what they carry)."""


def encoder_folder(work: Path, folder: Path) -> None:
    """Write the tuned encoder as a Hugging Face model folder with its tokenizer."""
    model = encoder.load(work / "base")
    model.load_state_dict(trained_weights(work / "encoder.pt"), strict=False)
    base.save(model, (work / "base" / "tokenizer.json").read_text(encoding="utf-8"), folder)


def translator_folder(work: Path, folder: Path) -> None:
    """Write the translator as a Hugging Face model folder with its tokenizer."""
    tokenizer = work / "nllb.json"
    fast = PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer), bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        sep_token="</s>", cls_token="<s>", additional_special_tokens=CODES, model_max_length=512,
    )  # fmt: skip
    model = translator.build(len(fast))
    model.load_state_dict(trained_weights(work / "translator.pt"))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    # The exact file that training read, not one written anew.
    shutil.copyfile(tokenizer, folder / "tokenizer.json")


def _english(corpus: Path) -> tuple[str, ...]:
    """The distinct English sentences of the training text."""
    pairs = for_translation(load_corpus(corpus))
    return tuple(dict.fromkeys(pair.texts[0] or detokenize(pair.words[0], ENGLISH) for pair in pairs))


def export(work: Path, out: Path, translator_bundle: Path | None = None) -> Path:
    """Export what is in `work` as the pipeline bundle `out`, which is replaced; its model card is kept.

    `translator_bundle` is an exported translator that is taken as it is, in place of the one in `work`.
    """
    staging = work / "export"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    encoder_folder(work, work / "hf")
    export_encoder(
        work / "hf",
        staging / "encoder",
        EncoderOptions(layer=encoder.LAYER, languages=LANGUAGES, licence=LICENCE, name="mini"),
        progress=print,
    )
    fresh = staging / "mini"
    assemble_pipeline(
        fresh,
        name="mini",
        encoder=staging / "encoder",
        translator=translator_bundle or _translator(work, staging),
        lexicon=work / "lexicon.npz" if MIXTURE.get("lexicon") else None,
        mixture=MIXTURE,
    )
    card = out / "MODEL_CARD.md"
    if card.exists():
        shutil.copyfile(card, fresh / card.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(fresh, out)
    return out


def _translator(work: Path, staging: Path) -> Path:
    translator_folder(work, staging / "mini-nllb")
    options = TranslatorOptions(
        languages={code: code for code in CODES},
        repetition_penalty=PENALTY,
        shortlist=_english(work / "corpus.jsonl"),
        licence=LICENCE,
        name="mini",
    )
    export_translator(staging / "mini-nllb", staging / "translator", options, progress=print)
    return staging / "translator"
