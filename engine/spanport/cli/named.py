"""Public data sets by name on the command line: their files, what counts in them, and means beside published ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spanport.cli.console import say, table
from spanport.errors import UsageError

if TYPE_CHECKING:
    from spanport.compare import DataSet
    from spanport.evaluate import Comparison


class Named:
    """A benchmark in a folder, and one part of it. Raises UsageError where there is none of that name."""

    def __init__(self, name: str, folder: str, part: str = "test") -> None:
        from spanport.compare import find_benchmark

        self.name, self.folder, self.part = name, folder, part
        self.benchmark = find_benchmark(name)
        if not folder:
            raise UsageError(f"--benchmark {name} needs --data FOLDER, which holds its files")

    def sets(self, languages: Sequence[str]) -> list[tuple[str, str]]:
        """Code and file of each language."""
        return list(self.files(languages).items())

    def files(self, languages: Sequence[str], part: str = "") -> dict[str, str]:
        """The files of a part, by code."""
        from spanport.compare import benchmark_files

        return benchmark_files(self.name, self.folder, languages, part or self.part)

    def given(self, language: str, part: str) -> Any:
        """The file of a part, or its sentences where they must be read in a way of their own."""
        from spanport.compare import bare_words, load_set

        ((code, path),) = self.files([language], part).items()
        if self.name != "wikiann":
            return path
        return [bare_words(one, code) for one in load_set(code, path, input_format=self.benchmark.format).gold]

    def english(self) -> list[Any]:
        """The English part to learn from, where the benchmark has one; of Universal NER that is its dev set."""
        language = self.benchmark.english
        return [self.given(language, "dev" if self.name == "uner" else "train")] if language else []

    @property
    def source(self) -> str | None:
        """The file of labelled sources."""
        language = self.benchmark.source
        return self.files([language])[language] if language else None

    def cleaned(self, found: DataSet, code: str) -> DataSet:
        """The data set without what its words are marked with."""
        from spanport.compare import bare_words

        return found._replace(gold=[bare_words(one, code) for one in found.gold])

    def means(self, codes: Sequence[str], done: Sequence[Comparison]) -> list[dict[str, str]]:
        """F1 by system and language and its mean, with what was published."""
        from spanport.compare import average, published_on

        ours: dict[str, dict[str, float]] = {}
        for code, comparison in zip(codes, done, strict=True):
            for system in comparison.systems:
                ours.setdefault(system.name, {})[code] = system.scores.micro.f1
        return average({**ours, **published_on(self.name, codes)})

    def show(self, rows: list[dict[str, str]]) -> None:
        """Print the means."""
        table(tuple(rows[0]), [tuple(row.values()) for row in rows], title=f"{self.benchmark.title}: F1 x 100")
        if self.benchmark.published:
            say(f"published figures: {self.benchmark.cited}; on the whole test sets")
        if self.benchmark.ignored:
            say(f"labels that do not count, in gold and predictions: {', '.join(self.benchmark.ignored)}")
