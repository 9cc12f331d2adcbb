"""What the DNS says about mail: dnspython asks, and is loaded only when something is asked.

Each module answers one question: `mx` where mail for a domain goes, `reverse` what an address is
called, `tlsa` which keys are pinned, `sts` which policy is published, `authentication` who may
send.  All take a `Resolver`, and none raises: whatever is the matter is a value, in words.
"""
