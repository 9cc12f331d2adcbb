"""What is sent: drafts of messages.  The panes and commands show them."""
