"""What is known of models of the Hugging Face hub that can be fetched and exported.

A commit is pinned where several independent public sources name it for the repository; the others are fetched at
"main", and the command says which commit that was.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from spanport_models.export.codes import FLORES, FLORES_OF_ISO

Kind: TypeAlias = Literal["encoder", "translator", "ctranslate2"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model that can be fetched from the Hugging Face hub and exported.

    Attributes:
        name: Our name for it.
        kind: "encoder", "translator" (both need an export) or "ctranslate2" (already converted).
        repository: Name on the hub.
        licence: SPDX identifier, or the licence's name on the hub.
        commercial: Whether the licence allows commercial use.
        download_bytes: Size of the weights as published, approximate.
        memory_bytes: Main memory needed to run it in int8, approximate.
        note: What it is used for in the literature.
        languages: NLLB codes of those it was trained on; empty where only its tokenizer says.
        revision: Commit of the hub that is fetched; None = what "main" stands for.
    """

    name: str
    kind: Kind
    repository: str
    licence: str
    commercial: bool
    download_bytes: int
    memory_bytes: int
    note: str
    languages: tuple[str, ...] = ()
    revision: str | None = None


def card_of(model: str | Path) -> ModelCard | None:
    """What is known of a model: by our name for it, by its name on the hub, or by its folder in the hub's cache."""
    name = repository_of(model)
    if pair := _OPUS_MT.fullmatch(name.removeprefix(_OPUS_OWNER)):
        return _opus_mt(*pair.groups())
    return CARDS.get(name) or next((card for card in CARDS.values() if card.repository == name), None)


def repository_of(model: str | Path) -> str:
    """Name on the hub of a folder in the hub's cache (``.../models--owner--name/snapshots/...``); else as given."""
    for part in Path(model).parts:
        if part.startswith("models--"):
            return part.removeprefix("models--").replace("--", "/")
    return str(model)


def commit_of(folder: str | Path) -> str:
    """The commit of a folder in the hub's cache (``.../snapshots/COMMIT``); "" of any other."""
    parts = Path(folder).parts
    return parts[-1] if len(parts) > 2 and parts[-2] == "snapshots" and parts[-3].startswith("models--") else ""


def licence_notice(licence: str) -> str | None:
    """A sentence to show when a model of this licence is used, or None where nothing needs to be said."""
    if re.search(r"-NC\b", licence.upper()):
        return f"These weights are under {licence}: not for commercial use."
    return None


def _card(
    name: str,
    kind: Kind,
    repository: str,
    licence: str,
    parameters: float,
    note: str,
    languages: tuple[str, ...] = (),
    revision: str | None = None,
    *,
    bytes_each: int = 4,
) -> ModelCard:
    """A card whose sizes follow from the number of parameters (in millions); the int8 form needs one byte each."""
    return ModelCard(
        name=name,
        kind=kind,
        repository=repository,
        licence=licence,
        commercial=licence_notice(licence) is None and licence != UNKNOWN,
        download_bytes=int(parameters * 1e6 * bytes_each),
        memory_bytes=int(parameters * 1e6 * 1.6) + 300_000_000,
        note=note,
        languages=languages,
        revision=revision,
    )


def _codes(text: str) -> tuple[str, ...]:
    """NLLB codes of ISO 639 codes; languages that NLLB does not have are left out."""
    return tuple(sorted({FLORES_OF_ISO[code] for code in text.split() if code in FLORES_OF_ISO}))


UNKNOWN = "see the model's page"
_OPUS_OWNER = "Helsinki-NLP/"
_OPUS_MT = re.compile(r"opus-mt-([a-z]{2,3})-([a-z]{2,3})")


def _opus_mt(source: str, target: str) -> ModelCard:
    name = f"opus-mt-{source}-{target}"
    return _card(
        name,
        "translator",
        _OPUS_OWNER + name,
        "Apache-2.0 OR CC-BY-4.0",
        77,
        "OPUS-MT (Tiedemann and Thottingal 2020), one pair of languages; any pair of ISO 639 codes that the hub has",
        _codes(f"{source} {target}"),
    )


_XLM_R = _codes(
    """af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is
    it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl so
    sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"""
)
_MBERT = _codes(
    """af sq ar ast az azb ba eu be bn bs br bg my ca ceb zh hr cs da nl en et fi fr gl ka de el gu ht he hi hu is id
    ga it ja jv kn kk ky ko la lv lt lmo lb mk mg ms ml mr min mn ne nb nn oc fa pl pt pa ro ru scn sr sk sl es su sw
    sv tl tg ta tt te th tr uk ur uz vi war cy fy yo"""
)
_LABSE = _codes(
    """af am ar as az be bg bn bo bs ca ceb cs cy da de el en eo es et eu fa fi fr ga gd gl gu ha he hi hr ht hu hy id
    ig is it ja jv ka kk km kn ko ku ky lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny or pa pl pt ro ru rw si sk
    sl sm sn so sq sr st su sv sw ta te tg th tk tl tr tt ug uk ur uz vi wo xh yi yo zh zu"""
)
_M2M100 = _codes(
    """af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl gu ha he hi hr ht hu
    hy id ig ilo is it ja jv ka kk km kn ko lb lg ln lo lt lv mg mk ml mn mr ms my ne nl no ns oc or pa pl ps pt ro ru
    sd si sk sl so sq sr ss su sv sw ta th tl tn tr uk ur uz vi wo xh yi yo zh zu"""
)
_AFRICAN = _codes("af am ar en fr ha ig mg ny om rw rn sn so st sw xh yo zu")
_MASAKHANER = _codes("am ha ig rw lg luo sw wo yo")
_HIGH_RESOURCE = _codes("ar de en es fr it lv nl pt zh")
_WIKINEURAL = _codes("de en es fr it nl pl pt ru")

CARDS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        _card("xlm-r-large-conll03", "encoder", "FacebookAI/xlm-roberta-large-finetuned-conll03-english", "MIT", 559,
              "English NER of the XLNER pipeline (arXiv 2501.18750); no B-PER in its labels", _XLM_R),
        _card("xlm-r-large-conll03-de", "encoder", "FacebookAI/xlm-roberta-large-finetuned-conll03-german", "MIT",
              559, "German NER", _XLM_R),
        _card("xlm-r-large-conll02-es", "encoder", "FacebookAI/xlm-roberta-large-finetuned-conll02-spanish", "MIT",
              559, "Spanish NER", _XLM_R),
        _card("xlm-r-large-conll02-nl", "encoder", "FacebookAI/xlm-roberta-large-finetuned-conll02-dutch", "MIT", 559,
              "Dutch NER", _XLM_R),
        _card("xlm-r-base-ner-hrl", "encoder", "Davlan/xlm-roberta-base-ner-hrl", "AFL-3.0", 278,
              "NER of ten languages with much text (PER, LOC, ORG)", _HIGH_RESOURCE),
        _card("xlm-r-large-ner-hrl", "encoder", "Davlan/xlm-roberta-large-ner-hrl", "AFL-3.0", 559,
              "NER of ten languages with much text (PER, LOC, ORG)", _HIGH_RESOURCE),
        _card("xlm-r-large-masakhaner", "encoder", "Davlan/xlm-roberta-large-masakhaner", UNKNOWN, 559,
              "NER of African languages (MasakhaNER: PER, LOC, ORG, DATE)", _MASAKHANER),
        _card("wikineural-ner", "encoder", "Babelscape/wikineural-multilingual-ner", "CC-BY-NC-SA-4.0", 177,
              "NER of nine languages (WikiNEuRal), mBERT", _WIKINEURAL),
        _card("xlm-r-base", "encoder", "FacebookAI/xlm-roberta-base", "MIT", 278,
              "base of model transfer and of aligners", _XLM_R, "e73636d4f797dec63c3081bb6ed5c7b0bb3f2089"),
        _card("xlm-r-large", "encoder", "FacebookAI/xlm-roberta-large", "MIT", 559,
              "base of model transfer and of aligners", _XLM_R, "c23d21b0620b635a76227c604d44e43a9f0ee389"),
        _card("afro-xlmr-base", "encoder", "Davlan/afro-xlmr-base", UNKNOWN, 278,
              "XLM-R adapted to African languages (Alabi et al. 2022)", _AFRICAN),
        _card("afro-xlmr-large", "encoder", "Davlan/afro-xlmr-large", UNKNOWN, 559,
              "XLM-R adapted to African languages (Alabi et al. 2022)", _AFRICAN),
        _card("multilingual-e5-small", "encoder", "intfloat/multilingual-e5-small", "MIT", 118,
              "a small aligner, layer 7", _XLM_R, "fd1525a9fd15316a2d503bf26ab031a61d056e98"),
        _card("mdeberta-v3", "encoder", "microsoft/mdeberta-v3-base", "MIT", 279,
              "base of model transfer and of candidate models", _XLM_R, "a0484667b22365f84929a935b5e50a51f71f159d"),
        _card("mbert", "encoder", "google-bert/bert-base-multilingual-cased", "Apache-2.0", 178,
              "SimAlign, layer 8", _MBERT, "3f076fdb1ab68d5b2880cb87a0886f315b8146f8"),
        _card("labse", "encoder", "sentence-transformers/LaBSE", "Apache-2.0", 471,
              "AccAlign, layer 6", _LABSE, "836121a0533e5664b21c7aacc5d22951f2b8b25b"),
        _card("nllb-600m", "translator", "facebook/nllb-200-distilled-600M", "CC-BY-NC-4.0", 615,
              "TransAlign, NMT scores", FLORES, "f8d333a098d19b4fd9a8b18f94170487ad3f821d"),
        _card("nllb-1.3b", "translator", "facebook/nllb-200-distilled-1.3B", "CC-BY-NC-4.0", 1370,
              "a middle size", FLORES, "7be3e24664b38ce1cac29b8aeed6911aa0cf0576"),
        _card("nllb-3.3b", "translator", "facebook/nllb-200-3.3B", "CC-BY-NC-4.0", 3345,
              "translator of the XLNER pipeline (arXiv 2501.18750)", FLORES,
              "1a07f7d195896b2114afcb79b7b57ab512e7b43e"),
        _card("nllb-600m-ct2", "ctranslate2", "entai2965/nllb-200-distilled-600M-ctranslate2", "CC-BY-NC-4.0", 615,
              "nllb-600m, already converted", FLORES),
        _card("nllb-3.3b-ct2", "ctranslate2", "OpenNMT/nllb-200-3.3B-ct2-int8", "CC-BY-NC-4.0", 3345,
              "nllb-3.3b, already converted", FLORES, bytes_each=1),
        _card("m2m100-418m", "translator", "facebook/m2m100_418M", "MIT", 484,
              "many languages, for commercial use too", _M2M100, "55c2e61bbf05dfb8d7abccdc3fae6fc8512fd636"),
        _card("m2m100-1.2b", "translator", "facebook/m2m100_1.2B", "MIT", 1239,
              "many languages, for commercial use too", _M2M100),
        _card("madlad400-3b", "translator", "google/madlad400-3b-mt", "Apache-2.0", 2940,
              "over 400 languages, for commercial use too"),
        _opus_mt("es", "en"),
    )
}  # fmt: skip
"""By our names. OPUS-MT stands here with one pair of languages; `card_of` knows the others by their names."""
