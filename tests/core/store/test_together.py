"""One commit for many: everybody gets what is theirs, and nobody fails for another."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from core.store.together import Together


class Doubling:
    """Doubles numbers, slowly. All or none: it stumbles over what is below zero."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        time.sleep(0.001)
        self.batches.append(list(numbers))
        if min(numbers) < 0:
            raise ValueError(min(numbers))
        return [number * 2 for number in numbers]


def test_everybody_gets_the_result_of_their_own() -> None:
    double = Doubling()
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(Together(double), range(400)))

    assert results == [number * 2 for number in range(400)]
    assert sorted(chain(*double.batches)) == list(range(400))
    assert len(double.batches) < 200


def test_nobody_fails_for_another() -> None:
    together: Together[int, int] = Together(Doubling())
    with ThreadPoolExecutor(8) as threads:
        asked = {n: threads.submit(together, n) for n in range(-5, 100)}

    for number, answer in asked.items():
        if number < 0:
            with pytest.raises(ValueError, match=f"^{number}$"):
                answer.result()
        else:
            assert answer.result() == number * 2


def test_it_goes_on_after_a_failure() -> None:
    together: Together[int, int] = Together(Doubling())
    with pytest.raises(ValueError, match="-1"):
        together(-1)

    assert together(4) == 8
