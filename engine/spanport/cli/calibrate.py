"""`spanport calibrate`: a bundle that knows how likely each of its spans is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanport.cli import arguments as a


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport calibrate --data dev.conll --lang es --bundle ./mine -o ./calibrated")
    def calibrate(
        data: Annotated[str, typer.Option(help="Labelled file, or folder of several languages; {lang} stands in.")],
        output: Annotated[Path, typer.Option("--output", "-o", help="The bundle to make.")],
        lang: Annotated[str, typer.Option(help="Languages, separated by commas; of a folder, all by default.")] = "",
        bundle: a.Bundle = "mini",
        source: Annotated[
            str | None, typer.Option(help="File of the texts' sources, line by line: fits `project` too.")
        ] = None,
        alignments: Annotated[str | None, typer.Option(help="Pharaoh file source-target of these pairs.")] = None,
        input_format: a.InputFormat = None,
        limit: Annotated[int, typer.Option(min=0, help="Only the first sentences of each file; 0 is all.")] = 0,
        threads: a.Threads = 0,
        fresh: a.Fresh = False,
    ) -> int:
        """Fit the system `calibrated` to a bundle, on labelled text that its models were not trained on.

        The result is the bundle with a calibration: `label` then leaves out spans that are likelier wrong than right.
        """
        from spanport.cli.console import say, table
        from spanport.training import calibrate as run

        report = run(
            data=data,
            lang=[code.strip() for code in lang.split(",") if code.strip()],
            out=output,
            bundle=bundle,
            source=source,
            alignments=alignments,
            input_format=input_format,
            limit=limit,
            threads=threads or None,
            fresh=fresh,
            progress=say,
        )
        rows = [
            ("fitted on", report.fitted),
            ("entities", f"{report.entities:,}"),
            ("F1 of ngram", f"{report.ngram:.3f}"),
            ("F1 of calibrated, held out", f"{report.calibrated:.3f}"),
        ]
        table((str(output), ""), rows, left=True)
        if report.calibrated <= report.ngram:
            say("it gains nothing on this text: more of it may help, or the system ngram is the better choice")
        return 0
