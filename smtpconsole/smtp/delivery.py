"""Mail transactions (RFC 5321, 3.3), and what becomes of each recipient.

1. In as few round trips as the server allows: the envelope and DATA in one go, the envelope and
   the whole message in one go with BDAT, the end of one message with the envelope of the next.
2. A connection that ends after the server has decided is no accident: the decision is the
   outcome, in LMTP also one that it has on some recipients alone.  Otherwise
   `Disconnected.replies` has all that the transaction was answered.
3. What a refusal leaves open is closed by RSET before the next message, and at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, takewhile

from smtpconsole.smtp import content as octets
from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, PRDR, Send, command
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence
from smtpconsole.smtp.outcome import NO_REPLY, Delivery
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.running import Batch, Exchange, ask
from smtpconsole.smtp.streams import Content, Stream, chunked, dotted

GROUP = 64 * 1024  # octets of messages that go in BDAT commands without waiting in between

_DATA = b"DATA\r\n"
_TOO_EARLY = 503
_STARTED = 353  # PRDR: a reply for each recipient follows

Letter = tuple[Send, Sequence[Send], Content]  # MAIL, each RCPT, content
Answers = Iterator[Reply]
Taker = Callable[[Answers], None]
Lost = Disconnected | HandshakeFailed | Silence


def deliver(
    mail: Send,
    rcpts: Sequence[Send],
    content: Content,
    *,
    pipelining: bool = False,
    chunking: bool = False,
    chunk: int | None = None,
    lmtp: bool = False,
    prdr: bool = False,
) -> Exchange[Delivery]:
    """One mail transaction in as few round trips as the server allows.

    Content in bytes is canonical (`content.canonical`); dots are doubled here, where DATA needs
    it.  A Stream is pulled while it is sent.  With `chunking` it goes in BDAT commands of at most
    `chunk` octets (RFC 3030).  With `lmtp`, or `prdr` where MAIL said so, each accepted recipient
    has a reply of its own.  A refusal may leave the envelope with the server (`leaves_open`).
    """
    taken = _Transaction((mail, rcpts, content), _asked(lmtp, prdr), chunk)
    takers: tuple[Taker, ...] = ()
    try:
        if not pipelining:
            yield from taken.one_by_one(chunking)
        elif chunking:
            yield from taken.in_chunks(taken.in_one_go(), taken.envelope)
        else:  # as most messages go: not through _said, which costs a tenth of all
            takers = (taken.envelope, taken.data)
            _take((yield taken.opening()), takers)
            if taken.may_go_on:
                takers = (taken.content,)
                _take((yield (taken.ending(),)), takers)
    except Disconnected as error:
        _take(error.replies, takers)
        if not taken.is_decided:
            error.replies = taken.outcome.replies
            raise
    return taken.outcome


def deliver_all(
    letters: Iterable[Letter],
    *,
    pipelining: bool = True,
    chunking: bool = False,
    chunk: int | None = None,
    lmtp: bool = False,
    prdr: bool = False,
    most: int | None = None,
    outcomes: list[Delivery] | None = None,
) -> Exchange[list[Delivery]]:
    """Many transactions; pipelined, a round trip each, or fewer with `chunking`.

    The outcomes are as many as the letters, or fewer: at most `most` transactions are held (RFC
    9422: MAILMAX), and none after the server has left with a refusal.  A list that is given as
    `outcomes` has those there are also where the exchange ends with an error, and what was said
    to its end and not answered is in doubt.
    """
    outcomes = [] if outcomes is None else outcomes
    begun: list[_Transaction] = []
    ahead = _begun(islice(letters, most), _asked(lmtp, prdr), chunk, begun)
    try:
        if not pipelining:
            yield from _all_one_by_one(ahead, outcomes, chunking)
        elif chunking:
            yield from _all_in_chunks(ahead, outcomes)
        else:
            yield from _all_in_data(ahead, outcomes)
        if outcomes and outcomes[-1].leaves_open:
            yield from reset()
    except (Disconnected, HandshakeFailed, Silence) as error:
        if _has_doubt(begun, error) or not isinstance(error, Disconnected):
            raise
        while outcomes and outcomes[-1].mail is NO_REPLY:
            outcomes.pop()
        if not outcomes or (outcomes[-1].refusal is None and not outcomes[-1].is_farewell):
            raise
    return outcomes


def _begun(
    letters: Iterable[Letter], replies: int, chunk: int | None, begun: list[_Transaction]
) -> Iterator[_Transaction]:
    """Transactions as they are wanted; `begun` has those that are not decided."""
    for letter in letters:
        begun[:] = [each for each in begun if not each.is_decided]
        begun.append(_Transaction(letter, replies, chunk))
        yield begun[-1]


def _has_doubt(begun: list[_Transaction], error: Lost) -> bool:
    """Mark what was said to its end, and will have no answer."""
    heard = takewhile(lambda each: not each.outcome.is_farewell, begun)
    open_ = [each.outcome for each in heard if each.is_said and not each.is_decided]
    if error.is_cut_short:  # it is the last whose end never left
        del open_[-1:]
    for outcome in open_:
        outcome.is_unanswered = True
    return bool(open_)


def data(content: Content) -> Exchange[tuple[Reply, Reply | None]]:
    """DATA and content: the replies to both; None for content that was not asked for."""
    reply = yield from ask(Send(_DATA, b"DATA"))
    if reply.code != 354:
        return reply, None
    return reply, (yield from ask(dotted(content)))


def reset() -> Exchange[Reply]:
    """RSET (RFC 5321, 4.1.1.5)."""
    return (yield from ask(command(b"RSET")))


# --- many at once -----------------------------------------------------------------------------


def _all_one_by_one(
    ahead: Iterable[_Transaction], outcomes: list[Delivery], chunking: bool
) -> Exchange[None]:
    for taken in ahead:
        if outcomes and outcomes[-1].leaves_open:
            yield from reset()
        outcomes.append(taken.outcome)
        yield from taken.one_by_one(chunking)
        if taken.outcome.is_farewell:
            return


def _all_in_data(ahead: Iterable[_Transaction], outcomes: list[Delivery]) -> Exchange[None]:
    """RFC 2920, 3.1: content may be the first of a group, so the end of one message and the
    envelope of the next travel together.  Haraka answers 503 to what does: it is said again, and
    from then on each message waits for the word on the one before."""
    before: Batch = ()
    take_before: Taker = _nothing
    is_apart = False
    for taken in ahead:
        if is_apart:
            yield from _said(before, take_before)
            before, take_before = (), _nothing
            if outcomes[-1].is_farewell:
                return
        outcomes.append(taken.outcome)
        batch = (*before, *taken.opening())
        yield from _said(batch, take_before, taken.envelope, taken.data)
        if taken.outcome.mail.code == _TOO_EARLY and before and not taken.may_go_on:
            is_apart = True
            yield from _said(taken.opening(), taken.envelope, taken.data)
        if taken.outcome.is_farewell:
            return
        before, take_before = (), _nothing
        if taken.may_go_on:
            before, take_before = (taken.ending(),), taken.content
        elif taken.outcome.leaves_open:
            before, take_before = (command(b"RSET"),), _one
    if take_before is not _one:  # the last RSET is the caller's
        yield from _said(before, take_before)


def _all_in_chunks(ahead: Iterable[_Transaction], outcomes: list[Delivery]) -> Exchange[None]:
    """RFC 3030, 4.2: BDAT may be pipelined, and so may be whole transactions.

    Whether one of them fails is not known in time, so an RSET follows each but the last.
    """
    for group in _grouped(ahead):
        if outcomes and outcomes[-1].leaves_open:
            yield from reset()
        batch: list[Send] = []
        takers: list[Taker] = []
        for taken in group:
            if batch:
                batch.append(command(b"RSET"))
                takers.append(_one)
            batch += taken.in_one_go()
            takers += (taken.envelope, taken.content)
            outcomes.append(taken.outcome)
        if len(group) > 1:
            yield from _said(batch, *takers)
        else:
            yield from taken.in_chunks(batch, taken.envelope)
        if outcomes[-1].is_farewell:
            return


def _grouped(ahead: Iterable[_Transaction]) -> Iterator[list[_Transaction]]:
    """Short messages together, and each that is pulled, or of several chunks, alone."""
    group: list[_Transaction] = []
    size = 0
    for taken in ahead:
        if group and (taken.size is None or size + taken.size > GROUP):
            yield group
            group, size = [], 0
        group.append(taken)
        size += GROUP if taken.size is None else taken.size
    if group:
        yield group


# --- one of them ------------------------------------------------------------------------------


class _Transaction:
    """What is said for one letter, and where the replies to it go."""

    __slots__ = (
        "_chunk",
        "_content",
        "_mail",
        "_rcpts",
        "_replies",
        "is_answered",
        "is_said",
        "outcome",
    )

    def __init__(self, letter: Letter, replies: int, chunk: int | None) -> None:
        self._mail, self._rcpts, self._content = letter
        self._replies = replies
        self._chunk = chunk
        self.is_said = False  # to its end
        self.is_answered = False  # the message itself, in full
        self.outcome = Delivery(is_each=replies == PER_RECIPIENT)

    @property
    def size(self) -> int | None:
        """Octets of a content that is a single chunk; None for any other."""
        content = self._content
        if isinstance(content, Stream) or len(content) > min(GROUP, self._chunk or GROUP):
            return None
        return len(content)

    def opening(self) -> Batch:
        return (self._mail, *self._rcpts, Send(_DATA, b"DATA"))

    def ending(self) -> Send:
        # RFC 2920, 3.1: a server may say 354 with nobody to send to; then nothing is sent.
        if not self.outcome.has_envelope:
            return Send(octets.END, CONTENT)
        self.is_said = True
        return dotted(self._content, replies=self._replies)

    def in_one_go(self) -> Batch:
        self.is_said = True
        body = chunked(self._content, replies=self._replies, size=self._chunk)
        return (self._mail, *self._rcpts, *body)

    def one_by_one(self, chunking: bool) -> Exchange[None]:
        """The transaction, without pipelining, until the server has had enough."""
        yield from _said((self._mail,), self._take_mail)
        for rcpt in self._rcpts if self.outcome.mail.is_positive else ():
            yield from _said((rcpt,), self._take_recipient)
            if self.outcome.is_farewell:
                return
        if not self.outcome.accepted:
            return
        if chunking:
            size, replies, self.is_said = self._chunk, self._replies, True
            body = chunked(self._content, replies=replies, size=size, one_by_one=True)
            yield from self.in_chunks(body)
            return
        yield from _said((Send(_DATA, b"DATA"),), self.data)
        if self.may_go_on:
            yield from _said((self.ending(),), self.content)

    def in_chunks(self, batch: Batch, *takers: Taker) -> Exchange[None]:
        """Say chunks, however many."""
        try:
            yield from _said(batch, *takers, self.chunks)
        except Disconnected:
            if self.size is None and self.outcome.is_delivered:  # it was another chunk's reply
                self.outcome.content, self.is_answered = (), False
            raise

    @property
    def may_go_on(self) -> bool:
        """The server waits for content."""
        return self.outcome.data is not None and self.outcome.data.code == 354

    @property
    def is_decided(self) -> bool:
        """The server has said all that matters before it left."""
        outcome = self.outcome
        if self.is_answered or outcome.is_farewell:
            return True
        if outcome.content:  # on some; what it has taken for them must not be sent to them again
            return outcome.is_each and outcome.is_delivered
        if outcome.refusal is None or outcome.mail is NO_REPLY:
            return False
        return len(outcome.recipients) == len(self._rcpts) or not outcome.mail.is_positive

    # --- taking replies, as many as there are

    def envelope(self, answers: Answers) -> None:
        self._take_mail(answers)
        pairs = zip(self._rcpts, answers, strict=False)  # takes none beyond the last recipient
        self.outcome.recipients = [(rcpt.about, reply) for rcpt, reply in pairs]

    def data(self, answers: Answers) -> None:
        self.outcome.data = next(answers, None)

    def content(self, answers: Answers) -> None:
        first = next(answers, None)
        if first is None:
            return
        more = len(self.outcome.accepted)
        if self._replies == PRDR and first.code == _STARTED:
            self.outcome.content = list(islice(answers, more))
            self.outcome.whole = next(answers, None)
            self.is_answered = self.outcome.whole is not None
            return
        wanted = more - 1 if self._replies == PER_RECIPIENT and more else 0
        self.outcome.content = [first, *islice(answers, wanted)]
        self.is_answered = len(self.outcome.content) > wanted

    def chunks(self, answers: Answers) -> None:
        """Of the replies to some chunks, the first refusal decides, or those to the last."""
        replies = list(answers)
        last = self._last_chunk(replies)
        refused = next((each for each in replies[:last] if each.is_negative), None)
        self.content(iter(replies[last:]) if refused is None else iter((refused,)))
        self.is_answered |= refused is not None

    def _last_chunk(self, replies: list[Reply]) -> int:
        """Where the replies to the last chunk begin."""
        if self._replies == PRDR:
            for at, reply in enumerate(replies):
                if reply.code == _STARTED:
                    return at
        wanted = len(self.outcome.accepted) if self._replies == PER_RECIPIENT else 1
        return max(0, len(replies) - max(1, wanted))

    def _take_mail(self, answers: Answers) -> None:
        self.outcome.mail = next(answers, NO_REPLY)

    def _take_recipient(self, answers: Answers) -> None:
        who = self._rcpts[len(self.outcome.recipients)].about
        self.outcome.recipients += [(who, reply) for reply in answers]


def _said(batch: Batch, *takers: Taker) -> Exchange[None]:
    """Say a batch, and take its replies; also those that came before the end, or a silence."""
    try:
        replies = yield batch
    except (Disconnected, Silence) as error:
        _take(error.replies, takers)
        raise
    _take(replies, takers)


def _take(replies: Iterable[Reply], takers: Iterable[Taker]) -> None:
    answers = iter(replies)
    for take in takers:
        take(answers)


def _nothing(answers: Answers) -> None:
    pass


def _one(answers: Answers) -> None:
    next(answers, None)


def _asked(lmtp: bool, prdr: bool) -> int:
    return PER_RECIPIENT if lmtp else PRDR if prdr else 1
