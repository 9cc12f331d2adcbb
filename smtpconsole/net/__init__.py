"""How it travels: asyncio and ssl live here, and only here."""
