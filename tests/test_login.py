"""Logging in, against written conversations: what is said, and what each refusal comes to."""

from __future__ import annotations

import base64
from concurrent.futures import Future
from typing import Any

import pytest
from conversation import Watched, converse, ready

from smtpconsole.smtp import sasl
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import Phase, Sent
from smtpconsole.smtp.exchanges import rehearse
from smtpconsole.smtp.login import (
    MEANINGS,
    SAFE,
    Attempt,
    Policy,
    attempt,
    authenticate,
    candidates,
    failure_of,
    goes_on,
    login,
)
from smtpconsole.smtp.replies import Reply, ReplyParser
from smtpconsole.smtp.sasl import Failure

TIM = sasl.credentials("tim", "tanstaaftanstaaf")


def test_plain_in_one_round_trip() -> None:
    session = ready()
    reply = converse(
        authenticate(sasl.MECHANISMS["PLAIN"], TIM),
        "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 235 ok",
        session,
    )
    assert reply.code == 235
    assert session.identity == "tim"
    assert isinstance(session, Watched)
    (sent,) = (event.send for event in session.of(Sent))
    assert sent.data[: sent.secret.start] == b"AUTH PLAIN "
    assert sent.data[sent.secret.stop :] == b"\r\n"


def test_plain_without_initial_response() -> None:
    converse(
        authenticate(sasl.MECHANISMS["PLAIN"], TIM, initial=False),
        "C: AUTH PLAIN\nS: 334 \nC: AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 235 ok",
    )


@pytest.mark.parametrize("prompt", ["UGFzc3dvcmQ6", " UGFzc3dvcmQ6", "UGFzc3dvcmQA"])
def test_login_takes_prompts_as_they_come(prompt: str) -> None:
    converse(
        authenticate(sasl.MECHANISMS["LOGIN"], TIM),
        f"C: AUTH LOGIN dGlt\nS: 334 {prompt}\nC: dGFuc3RhYWZ0YW5zdGFhZg==\nS: 235 ok",
    )


def test_login_repeats_the_user_to_a_server_that_ignored_it() -> None:
    converse(
        authenticate(sasl.MECHANISMS["LOGIN"], TIM),
        """
        C: AUTH LOGIN dGlt
        S: 334 VXNlcm5hbWU6
        C: dGlt
        S: 334 UGFzc3dvcmQ6
        C: dGFuc3RhYWZ0YW5zdGFhZg==
        S: 235 ok
        """,
    )


def test_cram_md5_with_the_example_of_rfc_2195() -> None:
    converse(
        authenticate(sasl.MECHANISMS["CRAM-MD5"], TIM),
        """
        C: AUTH CRAM-MD5
        S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: 235 ok
        """,
    )


def test_credentials_that_are_refused_are_a_reply() -> None:
    session = ready()
    reply = converse(
        authenticate(sasl.MECHANISMS["PLAIN"], TIM),
        "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 535 5.7.8 no",
        session,
    )
    assert reply.code == 535
    assert session.identity is None and session.phase is Phase.READY


def test_a_server_that_asks_too_much_is_cancelled() -> None:
    session = ready()
    with pytest.raises(sasl.MechanismError, match="asks for more than PLAIN"):
        converse(
            authenticate(sasl.MECHANISMS["PLAIN"], TIM),
            "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 334 \nC: *\nS: 501 cancelled",
            session,
        )
    assert session.phase is Phase.READY


def test_a_challenge_that_is_no_base64_is_cancelled() -> None:
    with pytest.raises(sasl.MechanismError, match="not base64"):
        converse(
            authenticate(sasl.MECHANISMS["CRAM-MD5"], TIM),
            "C: AUTH CRAM-MD5\nS: 334 %%%\nC: *\nS: 501 cancelled",
        )


def test_a_server_that_never_stops_asking_is_cancelled(monkeypatch: Any) -> None:
    def endless(who: sasl.Credentials) -> sasl.Turns:
        while True:
            yield b""

    mechanism = sasl.Mechanism("X-ENDLESS", 1, endless, True)
    script = "C: AUTH X-ENDLESS =\nS: 334 \n" + "C: \nS: 334 \n" * 8 + "C: *\nS: 501 no"
    with pytest.raises(sasl.MechanismError, match="still asks after 8"):
        converse(authenticate(mechanism, TIM), script)


def test_as_many_challenges_as_are_taken_may_come() -> None:
    def patient(who: sasl.Credentials) -> sasl.Turns:
        while True:
            yield b""

    script = "C: AUTH X-PATIENT =\nS: 334 \n" + "C: \nS: 334 \n" * 7 + "C: \nS: 235 ok"
    made = converse(attempt(sasl.Mechanism("X-PATIENT", 1, patient, True), TIM), script)
    assert made.is_logged_in


def test_the_strongest_mechanism_in_common_comes_first() -> None:
    names = [each.name for each in sasl.usable(("GSSAPI", "LOGIN", "PLAIN", "CRAM-MD5"))]
    assert names == ["CRAM-MD5", "PLAIN", "LOGIN"]


# --- what a refusal comes to


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        ("535 5.7.8 Error: authentication failed", Failure.CREDENTIALS),
        ("535 5.7.0 authentication failed", Failure.CREDENTIALS),
        ("535 Incorrect authentication data", Failure.CREDENTIALS),
        ("535 5.7.3 Authentication unsuccessful", Failure.CREDENTIALS),
        ("535 5.7.139 SmtpClientAuthentication is disabled for the Tenant", Failure.POLICY),
        ("535 5.7.8 Error: authentication failed: no mechanism available", Failure.MECHANISM),
        ("535 5.7.8 Error: authentication failed: bad protocol / cancel", Failure.PROTOCOL),
        ("535 5.7.0 (#AUTH005) Too many bad auth attempts.", Failure.TEMPORARY),
        ("534 5.7.9 Application-specific password required", Failure.MECHANISM),
        ("534 5.7.14 Please log in via your web browser", Failure.POLICY),
        ("432 4.7.12 A password transition is needed", Failure.MECHANISM),
        ("454 4.7.0 Temporary authentication failure", Failure.TEMPORARY),
        ("451 4.3.0 busy", Failure.TEMPORARY),
        ("400 busy", Failure.TEMPORARY),
        ("421 4.7.0 too many failures", Failure.TEMPORARY),
        ("500 5.5.6 Authentication Exchange line is too long", Failure.PROTOCOL),
        ("501 5.5.2 cannot decode", Failure.PROTOCOL),
        ("502 5.5.1 no AUTH", Failure.MECHANISM),
        ("503 5.5.1 already authenticated", Failure.POLICY),
        ("504 5.5.4 Unrecognized authentication type", Failure.MECHANISM),
        ("504 5.7.4 Unrecognized authentication type", Failure.MECHANISM),
        ("523 5.7.10 Encryption needed", Failure.ENCRYPTION),
        ("530 5.7.0 Must issue a STARTTLS command first", Failure.ENCRYPTION),
        ("538 5.7.11 Encryption required", Failure.ENCRYPTION),
        ("525 5.7.13 User Account Disabled", Failure.POLICY),
        ("554 5.7.0 no", Failure.POLICY),
        ("454 4.7.12 no", Failure.MECHANISM),
        ("554 5.5.4 no", Failure.MECHANISM),
        ("554 5.7.3 no", Failure.CREDENTIALS),
        ("554 5.7.4 no", Failure.MECHANISM),
        ("554 5.7.8 no", Failure.CREDENTIALS),
        ("554 5.7.9 no", Failure.MECHANISM),
        ("554 5.7.10 no", Failure.ENCRYPTION),
        ("554 5.7.11 no", Failure.ENCRYPTION),
        ("504 5.7.13 no", Failure.POLICY),
        ("432 no", Failure.MECHANISM),
        ("500 no", Failure.MECHANISM),
        ("503 no", Failure.POLICY),
        ("523 no", Failure.ENCRYPTION),
        ("524 no", Failure.ENCRYPTION),
        ("525 no", Failure.POLICY),
        ("534 no", Failure.MECHANISM),
        ("538 no", Failure.ENCRYPTION),
        ("535 Mechanism too weak", Failure.MECHANISM),
        ("535 encryption needed", Failure.ENCRYPTION),
        ("535 another step is needed", Failure.PROTOCOL),
        ("535 account disabled", Failure.POLICY),
        ("535 authorization failure", Failure.POLICY),
        ("535 generic failure", Failure.TEMPORARY),
        ("235 2.7.0 welcome", None),
    ],
)
def test_refusals_are_told_apart_by_code_and_enhanced_code(
    reply: str, failure: Failure | None
) -> None:
    (found,) = ReplyParser().feed(reply.encode() + b"\r\n")
    assert failure_of(found) is failure


def test_the_careful_go_on_where_that_risks_nothing() -> None:
    going = [each for each in Failure if goes_on(Attempt("X", None, each), SAFE)]
    assert going == [Failure.MECHANISM, Failure.PROTOCOL, Failure.UNUSABLE]
    assert Policy(stop_on_refusal=True, allow_cleartext=False) == SAFE


def test_every_failure_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Failure)
    for meaning in MEANINGS.values():
        assert meaning.sentence.format(user="tim", mechanism="PLAIN") and meaning.advice


def tried(name: str, script: str, who: sasl.Credentials = TIM, **options: bool) -> Attempt:
    made = converse(attempt(sasl.MECHANISMS[name], who, **options), script)
    assert isinstance(made, Attempt)
    return made


def test_an_attempt_that_succeeds_says_how() -> None:
    made = tried("PLAIN", "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 235 ok")
    assert made.is_logged_in and made.advice == ""
    assert made.sentence("tim") == "logged in as tim with PLAIN"


def test_an_attempt_that_fails_says_why_and_what_to_do() -> None:
    made = tried("PLAIN", "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 535 5.7.8 no")
    assert not made.is_logged_in and "app password" in made.advice
    assert made.sentence("tim").endswith("these credentials for tim: 535 5.7.8 no")
    wordless = Attempt("PLAIN", None, Failure.MECHANISM)
    assert wordless.sentence("tim") == "the server does not let tim in by PLAIN"


def test_the_reason_that_oauth_gives_before_the_refusal_is_told() -> None:
    script = "C: AUTH XOAUTH2 dXNlcj10aW0BYXV0aD1CZWFyZXIgdAEB\nS: 334 eyJzdGF0dXMiOiI0MDMifQ==\n"
    made = tried("XOAUTH2", script + "C: \nS: 535 5.7.8 no", sasl.credentials("tim", token="t"))
    assert made.failure is Failure.POLICY and "does not allow sending" in made.words
    assert "535 5.7.8 no" in made.words


def test_a_success_without_proof_of_the_server_is_none() -> None:
    def turns(who: sasl.Credentials) -> sasl.Turns:
        yield sasl.Response(b"hello", proves_later=True)

    mechanism = sasl.Mechanism("X-PROOF", 1, turns, True)
    made = converse(attempt(mechanism, TIM), "C: AUTH X-PROOF aGVsbG8=\nS: 235 welcome")
    assert made.failure is Failure.UNPROVEN and made.reply is not None
    assert made.words == "the server says yes without the proof that it knows the password"
    with pytest.raises(sasl.MechanismError, match="without the proof"):
        converse(authenticate(mechanism, TIM), "C: AUTH X-PROOF aGVsbG8=\nS: 235 welcome")


def test_a_mechanism_that_cannot_be_used_sends_nothing() -> None:
    made = tried("SCRAM-SHA-256-PLUS", "")
    assert made.reply is None and made.failure is Failure.UNUSABLE
    assert made.words == str(made.error) and "no TLS session" in made.words
    with pytest.raises(sasl.MechanismError, match="no TLS session"):
        converse(authenticate(sasl.MECHANISMS["SCRAM-SHA-256-PLUS"], TIM), "")


def test_a_long_response_does_not_go_on_the_auth_line() -> None:
    who = sasl.credentials("tim", token="t" * 600)
    said = rehearse(attempt(sasl.MECHANISMS["XOAUTH2"], who))
    assert said[0][0].data == b"AUTH XOAUTH2\r\n"
    response = base64.b64encode(b"user=tim\x01auth=Bearer " + b"t" * 600 + b"\x01\x01").decode()
    made = tried("XOAUTH2", f"C: AUTH XOAUTH2\nS: 334 \nC: {response}\nS: 235 ok", who)
    assert made.is_logged_in


@pytest.mark.parametrize(
    ("name", "most"), [("EXTERNAL", 372), ("PLAIN", 372)], ids=["to the last octet", "below"]
)
def test_a_response_goes_on_the_auth_line_as_long_as_that_is_no_longer_than_allowed(
    name: str, most: int
) -> None:
    """RFC 5321, 4.5.3.1.4: 512 octets with CRLF, and base64 is a multiple of four."""
    for size, words in ((most, 3), (most + 1, 2)):
        who = sasl.credentials("u", "x" * (size - 3), authzid="y" * size * (name == "EXTERNAL"))
        (opening, *_), *_ = rehearse(attempt(sasl.MECHANISMS[name], who))
        assert len(opening.line.split()) == words
        assert len(opening.data) <= 512


def test_all_that_is_said_in_a_dialogue_is_of_it_and_secret() -> None:
    def ask(send: Send) -> Reply:
        return Reply(334 if send.line != b"*" else 501, [b""])

    batches = rehearse(attempt(sasl.MECHANISMS["LOGIN"], TIM), ask)
    sends = [send for (send,) in batches]
    assert {send.verb for send in sends} == {b"AUTH"}
    *said, cancel = sends
    assert [(send.about, send.data[send.secret or slice(0)]) for send in said] == [
        ("tim", b"dGlt"),
        ("tim", b"dGFuc3RhYWZ0YW5zdGFhZg=="),
    ]
    assert cancel == Send(b"*\r\n", b"AUTH")


def test_a_response_of_nothing_hides_nothing() -> None:
    who = sasl.credentials("tim", token="t")
    _, (answer,) = rehearse(attempt(sasl.MECHANISMS["XOAUTH2"], who), lambda _: Reply(334, [b""]))[
        :2
    ]
    assert (answer.data, answer.secret) == (b"\r\n", None)


def test_a_code_of_the_fourth_hundred_asks_for_nothing() -> None:
    made = tried("PLAIN", "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 403 eA==")
    assert made.failure is Failure.TEMPORARY


def test_the_last_answer_that_is_taken_may_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtpconsole.smtp.login.MAX_CHALLENGES", 1)
    script = "C: AUTH LOGIN dGlt\nS: 334 UGFzc3dvcmQ6\nC: dGFuc3RhYWZ0YW5zdGFhZg==\nS: 403 no"
    assert tried("LOGIN", script).failure is Failure.TEMPORARY


def test_what_is_cancelled_keeps_the_last_reply_and_the_reason() -> None:
    script = "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 334 %\nC: *\nS: 501 cancelled"
    made = tried("PLAIN", script)
    assert made.reply is not None and made.reply.code == 334
    assert made.words == "the server's challenge is not base64"


@pytest.mark.parametrize(
    ("who", "identity"),
    [
        (sasl.credentials("tim", "x", authzid="bob"), "tim"),
        (sasl.credentials(b"\xff", "x"), "\udcff"),
    ],
)
def test_the_session_is_that_of_whose_password_it_was(who: sasl.Credentials, identity: str) -> None:
    session = ready()
    future: Future[Any] = Future()
    session.begin(attempt(sasl.MECHANISMS["PLAIN"], who), future)
    session.receive(b"235 ok\r\n")
    assert session.identity == identity


def test_what_is_no_secret_is_not_hidden() -> None:
    session = ready()
    who = sasl.credentials("", authzid="bob")
    converse(attempt(sasl.MECHANISMS["EXTERNAL"], who), "C: AUTH EXTERNAL Ym9i\nS: 235 ok", session)
    assert isinstance(session, Watched) and session.identity == "bob"
    assert [event.send.secret for event in session.of(Sent)] == [None]


def test_a_guest_is_anonymous_whatever_the_trace_says() -> None:
    session = ready()
    guest = sasl.credentials("sirhc@example.org")
    converse(
        attempt(sasl.MECHANISMS["ANONYMOUS"], guest),
        "C: AUTH ANONYMOUS c2lyaGNAZXhhbXBsZS5vcmc=\nS: 235 ok",
        session,
    )
    assert session.identity == "anonymous"


def test_external_without_a_name_logs_somebody_in() -> None:
    session = ready()
    nobody = sasl.credentials("")
    converse(attempt(sasl.MECHANISMS["EXTERNAL"], nobody), "C: AUTH EXTERNAL =\nS: 235 ok", session)
    assert session.identity == "somebody"


# --- one after another

OFFERED = ("PLAIN", "LOGIN", "CRAM-MD5")
AUTH = {
    "LOGIN": "C: AUTH LOGIN dGlt\n",
    "PLAIN": "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\n",
    "CRAM-MD5": "C: AUTH CRAM-MD5\n",
}


def logged_in(script: str, policy: Policy, *, is_secure: bool = True) -> list[tuple[str, Any]]:
    mechanisms = candidates(TIM, OFFERED, is_secure=is_secure, policy=policy)
    attempts = converse(login(mechanisms, TIM, policy=policy), script)
    return [(each.mechanism, each.failure) for each in attempts]


def test_the_library_goes_on_to_the_next_mechanism_after_a_refusal() -> None:
    script = AUTH["CRAM-MD5"] + "S: 535 no\n" + AUTH["PLAIN"] + "S: 535 no\n"
    script += AUTH["LOGIN"] + "S: 334 \nC: dGFuc3RhYWZ0YW5zdGFhZg==\nS: 235 ok"
    assert logged_in(script, Policy()) == [
        ("CRAM-MD5", Failure.CREDENTIALS),
        ("PLAIN", Failure.CREDENTIALS),
        ("LOGIN", None),
    ]


def test_the_last_refusal_decides_when_nothing_is_left() -> None:
    script = AUTH["CRAM-MD5"] + "S: 504 no\n" + AUTH["PLAIN"] + "S: 504 no\n"
    script += AUTH["LOGIN"] + "S: 504 no"
    assert [failure for _, failure in logged_in(script, SAFE)] == [Failure.MECHANISM] * 3


@pytest.mark.parametrize(
    "reply", ["535 5.7.8 no", "454 4.7.0 later", "550 no", "538 TLS", "421 bye"]
)
def test_the_careful_stop_after_a_refusal_that_may_count(reply: str) -> None:
    assert len(logged_in(AUTH["CRAM-MD5"] + f"S: {reply}", SAFE)) == 1


def test_the_careful_go_on_when_nothing_was_judged() -> None:
    script = AUTH["CRAM-MD5"] + "S: 504 unknown\n" + AUTH["PLAIN"] + "S: 235 ok"
    assert logged_in(script, SAFE) == [("CRAM-MD5", Failure.MECHANISM), ("PLAIN", None)]
    script = AUTH["CRAM-MD5"] + "S: 334 %\nC: *\nS: 501 no\n" + AUTH["PLAIN"] + "S: 235 ok"
    assert logged_in(script, SAFE) == [("CRAM-MD5", Failure.PROTOCOL), ("PLAIN", None)]


def test_a_server_that_is_leaving_is_not_asked_again() -> None:
    assert len(logged_in(AUTH["CRAM-MD5"] + "S: 421 bye", Policy())) == 1


def test_an_impostor_is_told_nothing_more_under_any_policy() -> None:
    unproven = Attempt("SCRAM-SHA-256", None, Failure.UNPROVEN)
    assert not goes_on(unproven, Policy()) and not goes_on(unproven, SAFE)


def test_without_tls_the_careful_use_only_what_does_not_say_the_password() -> None:
    names = [each.name for each in candidates(TIM, OFFERED, is_secure=False, policy=SAFE)]
    assert names == ["CRAM-MD5"]
    names = [each.name for each in candidates(TIM, OFFERED, is_secure=False, policy=Policy())]
    assert names == ["CRAM-MD5", "PLAIN", "LOGIN"]
    token = sasl.credentials("tim", token="t")
    assert candidates(token, (*OFFERED, "XOAUTH2"), is_secure=False, policy=SAFE) == []


def test_without_tls_what_does_not_say_the_password_is_tried_first() -> None:
    for is_secure, names in ((True, ["PLAIN", "NTLM"]), (False, ["NTLM", "PLAIN"])):
        found = candidates(TIM, ("PLAIN", "NTLM"), is_secure=is_secure, policy=Policy())
        assert [each.name for each in found] == names
