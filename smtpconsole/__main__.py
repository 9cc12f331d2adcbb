"""python -m smtpconsole"""

from smtpconsole.cli import main

main(prog_name="smtpconsole")
