"""TLS-RPT (RFC 8460): who hears of it when TLS to a domain fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtpconsole.net.dns import tags
from smtpconsole.smtp.remarks import Remark, by_severity

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

_RFC = "RFC 8460 3"
_KNOWN = frozenset({"v", "rua"})


async def tlsrpt(resolver: Resolver, domain: str) -> tags.Published:
    """The record at _smtp._tls.DOMAIN."""
    answer, found = await tags.texts(resolver, f"_smtp._tls.{domain}", "v=TLSRPTv1")
    if not found:
        return tags.absent("TLS-RPT", answer)
    record = tags.read(found[0])
    remarks = [*record.remarks("TLS-RPT", _KNOWN, _RFC), *_lint(record)]
    if len(found) > 1:
        remarks.append(tags.more_than_one("TLS-RPT", len(found), _RFC))
    return tags.Published("TLS-RPT", answer.name, found[0], remarks=by_severity(remarks))


def _lint(record: tags.Tags) -> Iterator[Remark]:
    addresses = tags.uris(record.values.get("rua", ""))
    if not addresses:
        text = "it names nobody to report to"
        yield Remark("error", "tlsrpt-no-rua", text, "add rua=mailto:…", _RFC)
    for address in addresses:
        if not address.lower().startswith(("mailto:", "https:")):
            text = f"rua={address[:60]} is neither mailto: nor https:"
            yield Remark("error", "tlsrpt-uri", text, "write rua=mailto:reports@example.com", _RFC)
