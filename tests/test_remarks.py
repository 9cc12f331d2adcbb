"""Remarks in the order in which they matter."""

from __future__ import annotations

from smtpconsole.smtp.remarks import Remark, by_severity


def test_the_gravest_come_first_and_none_comes_twice() -> None:
    info, warning, error = (Remark(each, "x", each) for each in ("info", "warning", "error"))
    other = Remark("info", "y", "another")
    assert by_severity([info, other, error, warning, info]) == (error, warning, info, other)
