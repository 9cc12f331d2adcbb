"""An interactive SMTP debugging console, and the asynchronous SMTP client under it."""
