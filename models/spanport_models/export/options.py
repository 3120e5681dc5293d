"""Options and reports of exports. Imports nothing heavy, so that a command line can build them cheaply."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from spanport_models.manifest import Precision

Progress: TypeAlias = Callable[[str], None]
Storage: TypeAlias = Literal["auto", "int4", "int8"]

PROOF_TEXTS = (
    "Angela Kovač moved from Split to New York in 1998.",
    "¿Dónde está la sede de Industrias Rivero S.A., en Zaragoza?",
    "Die Stadtwerke Münster GmbH kündigte am 3. Mai eine Erhöhung um 4,5 % an.",
    "L'università di Forlì (dal 1989) collabora con l'ONU.",
    "東京都 と 大阪府 の 間 。",
    "عُقد الاجتماع في القاهرة يوم الثلاثاء .",
    "Ọjọ́gbọ́n Adébáyọ̀ wá láti Ìbàdàn 👩‍🔬 !",
    "x",
)
"""Sentences of our own on which a conversion is compared with the original, unless others are given."""


def quiet(message: str) -> None:
    """A progress callback that says nothing."""


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """How to export an encoder.

    Attributes:
        layer: Layer whose states are returned (1 = the first). None = two thirds of the depth, rounded, which is
            layer 8 of 12 as in SimAlign.
        precision: "int8" (a scale per output channel and per token, large channels found by calibration on our own
            sentences), "fp32", or "fp16" for GPUs.
        embeddings: How word embeddings are stored: "int4" or "int8", in blocks of 32 with a scale each; "auto" is
            int4 where that loses nothing, else int8 of an int8 model and as they are otherwise.
        least_cosine: An int8 model whose hidden states have a smaller mean cosine with the original's is refused.
        labels: Label names in logit order, in place of those of the configuration.
        languages: NLLB codes to record.
        licence: Licence of the weights, to record; "unknown" is looked up among the registered models.
        name: Short name to record; None = that of the registry, or the last part of the model's name.
        revision: Commit, tag or branch, for a model of the hub.
        max_length: Longest input in subwords; None = what the model was built for.
        allow_pickle: Let pickled weights run code, where there are no safetensors and torch's loader of weights alone
            refuses them.
        proof: Texts on which the conversion is compared with the original.
        conll: A labelled file (``token ... label`` lines) on which both are also scored.
        replace: Replace a folder that holds another export.
    """

    layer: int | None = None
    precision: Precision = "int8"
    embeddings: Storage = "auto"
    least_cosine: float = 0.998
    labels: tuple[str, ...] | None = None
    languages: tuple[str, ...] = ()
    licence: str = "unknown"
    name: str | None = None
    revision: str | None = None
    max_length: int | None = None
    allow_pickle: bool = False
    proof: tuple[str, ...] = PROOF_TEXTS
    conll: Path | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class TranslatorOptions:
    """How to export a translator.

    Attributes:
        precision: CTranslate2's quantization: int8, int8_float32, int8_float16, int8_bfloat16, int16, float16,
            bfloat16 or float32.
        languages: NLLB code -> language token; None = read from the tokenizer.
        repetition_penalty: Of greedy and beam search, kept in the bundle; weak models gain from 1.1.
        shortlist: Texts in ``shortlist_language``. Into it the translator then writes only pieces that occur in them
            (three times, or single characters), which is faster where the vocabulary serves many languages.
        shortlist_language: NLLB code of the shortlist.
        keeps_tags: Say that the translator was tuned to keep XML tags round entities.
        licence: Licence of the weights, to record; "unknown" is looked up among the registered models.
        name: Short name to record; None = that of the registry, or the last part of the model's name.
        revision: Commit, tag or branch, for a model of the hub.
        allow_pickle: Let pickled weights run code, where there are no safetensors and torch's loader of weights alone
            refuses them.
        proof: Texts on which the tokenizer's conversion is compared with the original.
        replace: Replace a folder that holds another export.
    """

    precision: str = "int8"
    languages: dict[str, str] | None = None
    repetition_penalty: float = 1.0
    shortlist: tuple[str, ...] = ()
    shortlist_language: str = "eng_Latn"
    keeps_tags: bool = False
    licence: str = "unknown"
    name: str | None = None
    revision: str | None = None
    allow_pickle: bool = False
    proof: tuple[str, ...] = PROOF_TEXTS
    replace: bool = False


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did.

    Attributes:
        folder: The bundle.
        unchanged: True when the folder already held this export and nothing was done.
        total_bytes: Size of the bundle.
        seconds: Wall time.
        hidden_error: Largest absolute difference of the hidden states from the original's (None: not compared).
        mean_cosine: Mean cosine between a token's hidden state and the original's.
        worst_cosine: The smallest of these.
        label_agreement: Share of subwords whose best label is the original's (None without labels).
        f1: Entity F1 on the labelled file of the original and of the export (None: no file given).
        embeddings: How word embeddings are stored: "int4", "int8" or "" (as they were).
    """

    folder: Path
    unchanged: bool
    total_bytes: int
    seconds: float
    hidden_error: float | None = None
    mean_cosine: float | None = None
    worst_cosine: float | None = None
    label_agreement: float | None = None
    f1: tuple[float, float] | None = None
    embeddings: str = ""
