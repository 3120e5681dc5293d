import pytest

from spanport_models.export.codes import FLORES
from spanport_models.export.languages import language_tokens, nllb_code


class Vocabulary:
    def __init__(self, *tokens: str) -> None:
        self.tokens = tokens

    def get_vocab(self) -> dict[str, int]:
        return {token: i for i, token in enumerate(self.tokens)}


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (("spa_Latn", "▁Latn", "spa_Latin"), {"spa_Latn": "spa_Latn"}),
        (("__es__", "__zh__", "__"), {"spa_Latn": "__es__", "zho_Hans": "__zh__"}),
        (("<2de>", "<2sr_Latn>", "<2translate>"), {"deu_Latn": "<2de>", "srp_Latn": "<2sr_Latn>"}),
        ((">>por<<", ">>x<<"), {"por_Latn": ">>por<<"}),
    ],
)
def test_language_tokens_are_known_by_their_form(tokens: tuple[str, ...], expected: dict[str, str]) -> None:
    assert language_tokens(Vocabulary(*tokens)) == expected


def test_codes() -> None:
    assert len(FLORES) == len(set(FLORES)) == 202
    assert nllb_code("sw") == nllb_code("swa") == nllb_code("swh") == "swh_Latn"
    assert nllb_code("tlh") == "tlh"
