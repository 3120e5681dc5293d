"""One tree of errors, whoever raises them."""

from __future__ import annotations

import inspect
import pickle
from types import ModuleType

import pytest

import spanport.errors
import spanport_models.errors
from spanport_models.errors import SpanportError, suggestion, unknown_language, unknown_model


def classes(module: ModuleType) -> list[type[Exception]]:
    return [value for _, value in inspect.getmembers(module, inspect.isclass) if issubclass(value, Exception)]


@pytest.mark.parametrize("error", classes(spanport_models.errors) + classes(spanport.errors))
def test_every_error_is_in_the_tree_and_survives_a_change_of_process(error: type[Exception]) -> None:
    assert issubclass(error, SpanportError)
    assert getattr(spanport.errors, error.__name__, error) is error, "two classes of one name"
    back = pickle.loads(pickle.dumps(error("what is wrong")))
    assert (type(back), str(back)) == (error, "what is wrong")


def test_what_the_engine_calls_public_is_there() -> None:
    assert sorted(spanport.errors.__all__) == list(spanport.errors.__all__)
    assert {error.__name__ for error in classes(spanport.errors)} <= set(spanport.errors.__all__)


def test_messages_say_problem_expectation_and_remedy() -> None:
    error = spanport.errors.ModelError("it is 3", expected="2", remedy="Take one away.")
    assert str(error) == "it is 3; expected 2. Take one away."
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_unknown_names_come_with_the_nearest_known_one() -> None:
    assert suggestion("mines", ["mini", "mine"]) == " (did you mean 'mine'?)"
    assert suggestion("zzz", ["mini"]) == ""
    assert "no model named 'mino' (did you mean 'mini'?)" in str(unknown_model("mino", ["mini"]))
    error = unknown_language("spa", {f"a{i:02}_Latn": "" for i in range(20)} | {"spa_Latn": ""}, model="nllb")
    assert "nllb has no language 'spa' (did you mean 'spa_Latn'?)" in str(error)
    assert "(21 in all)" in str(error)
