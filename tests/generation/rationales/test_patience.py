"""A job gives up on a server that serves nobody, and on no other."""

import pytest

from failwise.errors import TeacherError
from failwise.generation.rationales.patience import Patience


def test_so_many_in_a_row_end_the_job() -> None:
    patience = Patience(in_flight=8)
    for _ in range(15):
        patience.note("timeout")
    patience.note("empty")  # it served this one, badly
    for _ in range(15):
        patience.note("busy")
    with pytest.raises(TeacherError, match=r"did not serve the last 16 questions.*the last: server-error"):
        patience.note("server-error")


def test_a_request_that_is_tried_again_is_no_question_yet() -> None:
    patience = Patience(in_flight=1)
    for _ in range(50):
        patience.note("timeout", ended=False)
    for _ in range(9):
        patience.note("timeout")
    with pytest.raises(TeacherError, match="the last 10 questions"):
        patience.note("timeout")
