"""What is said: SMTP without sockets, clocks, TLS or event loops."""
