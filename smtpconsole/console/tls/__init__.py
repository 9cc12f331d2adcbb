"""TLS in a person's words: what there is, what failed, what can be tried."""
