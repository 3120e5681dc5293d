"""What is done to the input of a product, by what a few sentences show of it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from spanport_models.export.channels import prepare

Floats = NDArray[np.float32]
RANDOM = np.random.default_rng(11)
WIDE, LONG = (RANDOM.standard_normal(shape).astype(np.float32) for shape in ((32, 64), (96, 40)))


def rows(channels: int, sizes: list[float], **large: float) -> Floats:
    """Values from -1 to 1, each row of a size of its own, some channels (by number) larger."""
    x = RANDOM.uniform(-1, 1, (len(sizes), channels)).astype(np.float32) * np.float32(sizes)[:, None]
    for number, factor in large.items():
        x[:, int(number[1:])] *= factor
    return x


def test_an_unknown_input_stays_as_it_is() -> None:
    found = prepare(None, [WIDE], bounded=False)
    assert found.inverse is None
    assert (found.step, len(found.apart)) == (None, 0)


def test_the_step_of_alike_rows_holds_what_was_seen_and_a_fifth_more() -> None:
    x = rows(32, [1.0] * 50) + np.float32(0.5)
    found = prepare(x, [WIDE], bounded=False)
    assert found.inverse is None
    assert found.step is not None
    low, high = (found.step * (end - found.middle) for end in (0, 255))
    assert high - low == pytest.approx(1.2 * (x.max() - x.min()), rel=1e-5)
    assert low == pytest.approx(x.min() - 0.1 * (x.max() - x.min()), abs=found.step)


@pytest.mark.parametrize("sign", [-1, 1])
def test_values_of_one_sign_leave_a_place_for_zero(sign: int) -> None:
    x = sign * (np.abs(rows(32, [1.0] * 50)) + 2)
    found = prepare(x, [WIDE], bounded=False)
    assert found.step is not None
    assert 0 <= found.middle <= 255
    low, high = (found.step * (end - found.middle) for end in (0, 255))
    assert low <= min(x.min(), 0)
    assert high >= max(x.max(), 0)


def test_rows_of_many_sizes_have_a_step_each_and_so_have_those_of_an_activation_function() -> None:
    assert prepare(rows(32, [1.0] * 9 + [30.0]), [WIDE], bounded=False).step is None
    assert prepare(rows(32, [1.0] * 10), [WIDE], bounded=False).step is not None
    assert prepare(rows(32, [1.0] * 10), [WIDE], bounded=True).step is None


def test_smoothing_balances_channels_and_weights_and_changes_no_product() -> None:
    x = rows(32, [1.0] * 40, c3=9, c20=30)
    found = prepare(x, [WIDE, 2 * WIDE], bounded=False)
    assert found.step is not None
    assert found.inverse is not None
    np.testing.assert_allclose((x * found.inverse) @ (WIDE * found.factors[:, None]), x @ WIDE, rtol=1e-4, atol=1e-4)
    assert np.log(found.factors).mean() == pytest.approx(0, abs=1e-5)
    maximum, weights = np.abs(x).max(axis=0), 2 * np.abs(WIDE).max(axis=1)
    np.testing.assert_allclose(
        found.factors[3] / found.factors[20],
        (maximum[3] / maximum[20]) ** 0.6 * (weights[20] / weights[3]) ** 0.4,
        rtol=1e-4,
    )


@pytest.mark.parametrize(
    ("bounded", "matrix", "apart"), [(True, LONG, [5, 70]), (True, WIDE, [5]), (False, LONG, [5, 70])]
)
def test_the_largest_channels_of_rows_of_many_sizes_are_taken_apart(
    bounded: bool, matrix: Floats, apart: list[int]
) -> None:
    large = {f"c{number}": 50.0 for number in apart}
    found = prepare(rows(len(matrix), [1.0] * 9 + [40.0], **large), [matrix], bounded=bounded)
    assert found.step is None
    assert found.apart.tolist() == apart
    assert found.inverse is not None
    assert np.flatnonzero(found.inverse == 0).tolist() == apart
    assert set(found.factors) == {0, 1}


def test_at_most_four_channels_are_taken_apart() -> None:
    large = {f"c{number}": 5.0 * number for number in range(8, 16)}
    assert prepare(rows(96, [1.0] * 200, **large), [LONG], bounded=True).apart.tolist() == [12, 13, 14, 15]
