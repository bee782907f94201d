"""The limit of shots is read from the text of a refusal."""

import pytest

from qjm_widgets.core.error_policy import Refusal, judge, shots_limit

WORDS = {
    "Shots must be in the range [1, 2000].": 2000,
    "shots must be between 1 and 2000": 2000,
    "The number of shots must be at most 2000": 2000,
    "Number of shots (5000) exceeds the maximum of 2000": 2000,
    "Number of shots=5000 exceeds the maximum allowed (2_000)": 2000,
    "The maximum number of shots is 2,000": 2000,
    "5000 shots requested, only 2000 supported": 2000,
    "too many shots: 5000 > max_shots = 2000": 2000,
    "invalid value for shots: should be no more than 2000": 2000,
    "shots should be less than or equal to 2000": 2000,
    "shots must be <= 2000": 2000,
    "shots must be < 2001": 2000,
    "Shots must be smaller than 2001": 2000,
    "up to 2000 shots are allowed per circuit": 2000,
    "Specified value for 'shots' is not a valid value, must be >=1 and <=2000": 2000,
    "max_shots: 2000": 2000,
    "too many shots": 2500,
}
OTHERS = [
    "shots must be a multiple of an int",
    "no shots left: your daily limit of 1000 shots is reached",
    "the circuit has no measurement",
    "queue limit reached",
]


@pytest.mark.parametrize("text", WORDS)
def test_the_limit_is_read_from_the_error_text(text: str) -> None:
    assert judge(ValueError(text)).refusal is Refusal.TOO_MANY_SHOTS
    assert shots_limit(text, 5000) == WORDS[text]


@pytest.mark.parametrize("text", OTHERS)
def test_other_errors_than_too_many_shots_give_no_limit(text: str) -> None:
    assert shots_limit(text, 5000) is None


def test_a_limit_is_below_what_was_refused() -> None:
    assert shots_limit("Shots must be in the range [1, 2000].", 2000) is None
    assert shots_limit("shots must be at least 100", 10) is None
    assert shots_limit("too many shots", 1) is None
