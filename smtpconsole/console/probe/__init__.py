"""The probe: a visit to a server that sends no mail, and what a mail admin should know of it.

`visit` talks to the server and keeps the facts, `checks` is the table of what they are looked at
for, `probing` adds the DNS and comes to an outcome, `report` and `text` tell it to machines and
to people.
"""
