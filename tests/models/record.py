"""Make `tests/models/recorded`: two tiny bundles and what PyTorch says with their weights (needs the extra: export).

`python tests/models/record.py` is run when what an exporter writes has changed; tests then need no torch.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).parent / "recorded"
LAYER, SIZE = 2, 16
LONGEST = 20
"""Tokens of a recorded translation."""


def main() -> None:
    """Record anew."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import tiny_models as tiny
    from spanport_models.export import EncoderOptions, TranslatorOptions, export_encoder, export_translator

    shutil.rmtree(RECORDED, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        xlmr, nllb = (
            tiny.xlm_roberta(Path(folder) / "xlmr", size=SIZE),
            tiny.m2m100(Path(folder) / "nllb", size=SIZE, spread=0.9),
        )
        encoder = EncoderOptions(precision="fp32", layer=LAYER, licence="none", name="tiny encoder")
        export_encoder(xlmr, RECORDED / "encoder", encoder)
        translator = TranslatorOptions(precision="float32", licence="none", name="tiny translator")
        export_translator(nllb, RECORDED / "translator", translator)
        np.savez_compressed(RECORDED / "encoder.npz", **encoded(xlmr))
        np.savez_compressed(RECORDED / "translator.npz", **translated(nllb))


def encoded(model: Path) -> dict[str, Any]:
    """States of the real subwords and logits of all, of every sentence alone."""
    import torch
    from transformers import XLMRobertaForTokenClassification

    import tiny_models as tiny
    from spanport_models import Encoder

    network = XLMRobertaForTokenClassification.from_pretrained(model).eval()
    found = {}
    for i, item in enumerate(Encoder(RECORDED / "encoder", device="cpu").tokenize(tiny.SENTENCES)):
        with torch.no_grad():
            outputs = network(input_ids=torch.from_numpy(item.ids.astype(np.int64))[None], output_hidden_states=True)
        found[f"states_{i}"] = outputs.hidden_states[LAYER][0, 1:-1].numpy()
        found[f"probabilities_{i}"] = torch.softmax(outputs.logits[0, 1:-1], dim=-1).numpy()
    return found


def translated(model: Path) -> dict[str, Any]:
    """Greedy translations, and the log-probabilities of given ones, language token excluded."""
    import torch
    from transformers import AutoTokenizer, M2M100ForConditionalGeneration

    import tiny_models as tiny
    from spanport_models import Translator

    network = M2M100ForConditionalGeneration.from_pretrained(model).eval()
    tokenizer, translator = AutoTokenizer.from_pretrained(model), Translator(RECORDED / "translator", device="cpu")

    def ids(tokens: list[str]) -> Any:
        return torch.tensor([tokenizer.convert_tokens_to_ids(tokens)])

    texts, scores = [], {}
    for i, text in enumerate(tiny.TEXTS):
        (tokens,) = translator.tokenize([text], "spa_Latn")
        output = network.generate(
            ids(tokens),
            forced_bos_token_id=tokenizer.convert_tokens_to_ids("eng_Latn"),
            max_new_tokens=LONGEST + 1,
            num_beams=1,
            do_sample=False,
            bad_words_ids=[[tokenizer.unk_token_id]],
        )
        texts.append(tokenizer.decode(output[0], skip_special_tokens=True).strip())
        forced = translator.tokenize([tiny.TEXTS[i - 1]], "eng_Latn")[0]
        with torch.no_grad():
            logits = network(ids(tokens), decoder_input_ids=ids(["</s>", *forced[:-1]])).logits
        scores[f"scores_{i}"] = torch.log_softmax(logits, -1).gather(2, ids(forced)[..., None])[0, 1:, 0].numpy()
    return {"texts": np.array(texts), **scores}


if __name__ == "__main__":
    main()
