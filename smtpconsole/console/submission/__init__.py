"""One message from the shell: what is wanted (`plan`), done stage by stage (`running`), told."""
