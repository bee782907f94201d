"""Texts from outside may have any length and shape: they are read in linear time.

Reading millions of characters again and again would take hours: the limit of time only ends such a test.
"""

import pytest

from qjm_widgets.backends import qiskit_job
from qjm_widgets.backends.ibm import account
from qjm_widgets.bundle.credentials import keep_options, redacted
from qjm_widgets.core import error_policy
from qjm_widgets.core.formatting import first_line
from qjm_widgets.core.records import Status
from qjm_widgets.errors import explain

LENGTH = 2_000_000
SHAPES = (
    *("a", "f", "é", " ", "\n", "=", ":", "/", "'", "-", "a=", "a:b@", "a.", "1 "),
    *("token", "token ", "tokentoke", "token=", "token\n=", "token='", "passwordsecretapi_key", "api-"),
    *("eyJ", "eyJ-", "-eyJ", "eyJa.", "eyJaaaaaaaaaaaaa.", "eyJaaaaaaaaaaaaa.eyJ "),
    *("://", "://a", "://a:", "://a:b ", "bearer ", "Bearer  ", "basic aaaaaaaaaaaaaaa ", "apikey "),
    *("crn:v1:", "crn:v1: ", "f" * 127 + " ", "f" * 128 + " ", "access_token=abcdef "),
)
REASONS = ("a", " ", "job", "job ", "too large ", "exceeds ", "limit ", "number of pubs ", "1305")
pytestmark = pytest.mark.timeout(60)


def long(shape: str) -> str:
    return (shape * (LENGTH // len(shape) + 1))[:LENGTH]


@pytest.mark.parametrize("shape", SHAPES)
def test_credentials_are_searched_once(shape: str) -> None:
    text = long(shape)
    left = redacted(text)
    assert left is not None
    assert "access_token=abcdef" not in left
    assert "f" * 128 not in left or shape == "f" * 127 + " "
    assert ("option" in keep_options({"option": text})[0]) == (left == text)


@pytest.mark.parametrize(
    "shape", ["a", "eyJ", "eyJ-", "-eyJ", "eyJa.", "eyJ.a ", "Bearer ", "Bearer a "]
)
def test_tokens_are_searched_once(shape: str) -> None:
    known = account.Account("https://a", "https://b", "crn", "key")
    left = account.Token(known).redact(f"{long(shape)} Bearer abc eyJhead.body.sign")
    assert left.endswith(" Bearer … …")


@pytest.mark.parametrize("shape", REASONS)
def test_refusals_are_classified_by_their_beginning(shape: str) -> None:
    error = RuntimeError("usage limit reached: " + long(shape))
    verdict = error_policy.judge(error)
    assert first_line(verdict.text) == "the account's usage limit is reached"
    assert verdict.text.endswith(explain(error))


@pytest.mark.parametrize("shape", REASONS)
def test_the_error_of_a_job_is_classified_by_its_beginning(shape: str) -> None:
    class Job:
        def status(self) -> str:
            return "CANCELLED"

        def error_message(self) -> str:
            return "it ran too long: " + long(shape)

    observed = qiskit_job.observe_job(Job(), lambda job: job, local=False)
    assert isinstance(observed, qiskit_job.Observation)
    assert observed.fetch is not None
    ended = observed.fetch()
    assert isinstance(ended, qiskit_job.Observation)
    assert ended.status is Status.ERROR
