"""What the DNS says about mail: dnspython asks, and is loaded only when something is asked.

Each module answers one question: `mx` where mail for a domain goes, `reverse` what an address is
called, `tlsa` which keys are pinned, `sts` which policy is published, `spf`, `dkim` and `dmarc`
who may send, `tlsrpt` who hears of failures.  All take a `Resolver`, and none raises: whatever is
the matter is a value, in words.
"""
