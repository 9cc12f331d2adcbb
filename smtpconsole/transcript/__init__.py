"""What happened: events kept in order, and told again without the secrets."""
