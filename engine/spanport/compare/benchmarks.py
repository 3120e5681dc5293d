"""Public data sets by name: where their files lie, which labels count, and what others published on them.

Gold and predictions are scored as seqeval does by default; labels that a benchmark does not count are O on both sides
after projection, so that they may still block others (as in arXiv 2501.18750; its predecessor dropped them before).
Averages are over languages, each counting alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from spanport.errors import LanguageError, UsageError, suggestion
from spanport.formats.tokenized import sentence_of_words
from spanport.languages import resolve
from spanport.types import Sentence


class Benchmark(NamedTuple):
    """A data set in several languages.

    Attributes:
        title: What it is called in print, with its source.
        patterns: Paths of its files; ``{lang}`` and ``{part}`` stand for language and part, ``*`` for anything.
        format: Of its files, where their ending does not say it.
        ignored: Labels that do not count.
        source: Language whose file of the same part holds the labelled sources, line by line; "" where there is none.
        english: The language that labels are trained on where nothing else is given: its own, or none ("").
        published: F1 by language, of what others ran; see `cited`.
        cited: Where these figures are from.
    """

    title: str
    patterns: tuple[str, ...]
    format: str | None = None
    ignored: tuple[str, ...] = ()
    source: str = ""
    english: str = ""
    published: Mapping[str, Mapping[str, float]] = {}
    cited: str = ""


_XLNER = "arXiv 2501.18750 (XLM-R large, NLLB-3.3B)"
BENCHMARKS = {
    "masakhaner2": Benchmark(
        "MasakhaNER 2.0 (Adelani et al. 2022), PER ORG LOC",
        ("{lang}/{part}.txt",),
        "conll",
        ignored=("DATE", "MISC"),
        published={
            "published: labels projected, heuristic": {
                "bam": 0.497, "ewe": 0.759, "fon": 0.637, "hau": 0.723, "ibo": 0.728, "kin": 0.662, "lug": 0.808,
                "luo": 0.751, "mos": 0.420, "nya": 0.776, "sna": 0.685, "swa": 0.801, "tsn": 0.822, "twi": 0.746,
                "wol": 0.586, "xho": 0.553, "yor": 0.509, "zul": 0.650,
            },
            "published: model transfer": {
                "bam": 0.430, "ewe": 0.714, "fon": 0.627, "hau": 0.737, "ibo": 0.502, "kin": 0.446, "lug": 0.616,
                "luo": 0.507, "mos": 0.559, "nya": 0.508, "sna": 0.372, "swa": 0.877, "tsn": 0.485, "twi": 0.464,
                "wol": 0.541, "xho": 0.246, "yor": 0.322, "zul": 0.414,
            },
        },
        cited=_XLNER,
    ),
    "conll": Benchmark(
        "CoNLL 2002 and 2003 (Tjong Kim Sang; and De Meulder)",
        ("{lang}.{part}.tsv", "{lang}.{part}.conll", "{lang}.{part}", "{lang}/{part}.txt"),
        "conll",
        english="en",
        published={
            "published: mBERT, fine-tuned on English": {"es": 0.7512, "nl": 0.8034, "de": 0.7259},
            "published: teacher-student": {"es": 0.7694, "nl": 0.8089, "de": 0.7322},
            "published: UniTrans": {"es": 0.7931, "nl": 0.8290, "de": 0.7482},
            "published: AdvPicker": {"es": 0.7900, "nl": 0.8290, "de": 0.7501},
        },
        cited="arXiv 2004.12440, 2106.02300, and Wu et al. 2020 (IJCAI)",
    ),
    "wikiann": Benchmark(
        "WikiANN as split by Rahimi et al. 2019 (XTREME), PER ORG LOC",
        ("{lang}/{part}", "{lang}/{part}.txt", "{lang}/{part}.tsv", "{lang}.{part}.tsv"),
        "conll",
        ignored=("MISC",),
        english="en",
    ),
    "uner": Benchmark(
        "Universal NER v1 (Mayhew et al. 2024), PER ORG LOC",
        ("{lang}_*-ud-{part}.iob2",),
        ignored=("OTH", "MISC"),
        english="en",
    ),
    "europarl": Benchmark(
        "Europarl NER (Agerri et al. 2018): gold English entities projected",
        ("{lang}.{part}.conll02",),
        source="en",
        published={
            "published: heuristic": {"de": 0.819, "es": 0.903, "it": 0.873},
            "published: n-gram candidates": {"de": 0.920, "es": 0.886, "it": 0.872},
            "published: model transfer": {"de": 0.675, "es": 0.741, "it": 0.696},
        },
        cited="arXiv 2501.18750 (AWESOME, mBERT not tuned)",
    ),
}  # fmt: skip
FOLDERS = {"conll": "conll-parallel/original", "europarl": "europarl-ner"}
"""Where a benchmark lies below a folder of several, when not in one of its own name."""


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of a name. Raises UsageError for another name."""
    if name not in BENCHMARKS:
        raise UsageError(
            f"unknown benchmark {name!r}{suggestion(name, BENCHMARKS)}; expected one of: {', '.join(BENCHMARKS)}"
        )
    return BENCHMARKS[name]


def benchmark_files(name: str, data: str, languages: Sequence[str], part: str = "test") -> dict[str, str]:
    """The file of each language, by its code as the benchmark writes it.

    data: The benchmark's own folder, or one that holds it. languages: Those wanted, by any code; all by default, but
    for the language of the labelled sources.

    Raises:
        UsageError: nothing is found, or a language is missing.
    """
    benchmark, folder = find_benchmark(name), _folder(name, data)
    found: dict[str, str] = {}
    for pattern in benchmark.patterns:
        glob = pattern.format(lang="*", part=part)
        shape = (
            re.escape(pattern).replace(r"\{lang\}", "([a-z]{2,3})").replace(r"\{part\}", part).replace(r"\*", ".*")
        )
        for path in sorted(folder.glob(glob)):
            match = re.fullmatch(shape, path.relative_to(folder).as_posix())
            if match and _known(match[1]) and path.is_file():
                found.setdefault(match[1], str(path))
    if not found:
        shown = " or ".join(pattern.format(lang="LANG", part=part) for pattern in benchmark.patterns)
        raise UsageError(f"{data} holds no {part} files of {name}: expected {shown}, there or in {name}/")
    codes = {resolve(code): code for code in found}
    if missing := [code for code in languages if resolve(code) not in codes]:
        raise UsageError(
            f"{data} has no {part} file of {name} for {', '.join(missing)}; there are {', '.join(found)}"
        )
    wanted = [codes[resolve(code)] for code in languages]
    return {code: found[code] for code in wanted or found if wanted or code != benchmark.source}


def bare_words(sentence: Sentence, code: str) -> Sentence:
    """The sentence without the language that WikiANN writes before every word (``en:Berlin``)."""
    mark, words = f"{code}:", sentence.word_texts()
    if not words or not all(word.startswith(mark) and len(word) > len(mark) for word in words):
        return sentence
    return sentence_of_words(
        [word.removeprefix(mark) for word in words], sentence.word_spans(), sentence.language, sentence.extra
    )


def average(rows: Mapping[str, Mapping[str, float]]) -> list[dict[str, str]]:
    """A line a system with F1 x 100 by language and, where it has all of them, their mean, each counting alike.

    rows: F1 by system and language, ours and published ones.
    """
    codes = list(dict.fromkeys(code for own in rows.values() for code in own))
    return [
        {
            "system": system,
            **{code: f"{100 * own[code]:.1f}" if code in own else "" for code in codes},
            "mean": f"{100 * sum(own.values()) / len(codes):.1f}" if len(own) == len(codes) else "",
        }
        for system, own in rows.items()
    ]


def published_on(name: str, codes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Published F1 by system and language, of these languages alone."""
    return {
        system: {code: figures[code] for code in codes if code in figures}
        for system, figures in find_benchmark(name).published.items()
        if any(code in figures for code in codes)
    }


def _folder(name: str, data: str) -> Path:
    for below in (FOLDERS.get(name, name), name):
        if (Path(data) / below).is_dir():
            return Path(data) / below
    if not Path(data).is_dir():
        raise UsageError(f"--data {data}: no such folder; expected the files of {name}")
    return Path(data)


def _known(code: str) -> bool:
    try:
        resolve(code)
    except LanguageError:
        return False
    return True
