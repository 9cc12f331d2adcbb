"""A real Exim on loopback, of the Debian package `exim4-daemon-heavy`, which is not installed.

It is unpacked beside (see `beside`), because it cannot be installed together with Postfix.

`alice`, `bob` and `postmaster` have mailboxes; u0 to u1999 are taken and go nowhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import beside
import trustme
from ports import free_port

DOMAIN = "example.test"
HOST = "mail.example.test"
USER = f"alice@{DOMAIN}"
PASSWORD = "gryphon-6127"
SIZE = 10 * 2**20
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "NTLM", "EXTERNAL")  # and only under TLS

_USERS = {"Debian-exim": 64053}  # compiled in by name


@dataclass(frozen=True)
class Exim:
    """A running Exim."""

    port: int  # STARTTLS, AUTH after it
    tls_port: int
    proxy_port: int  # wants a PROXY header first
    impatient_port: int  # dismisses who is silent for a second, and who speaks before it
    ca: Path
    client_cert: Path  # of alice, with its key, for EXTERNAL
    folder: Path

    def log(self) -> str:
        """What it has logged."""
        file = self.folder / "log" / "mainlog"
        return file.read_text("utf-8", "replace") if file.exists() else ""


@contextmanager
def running(folder: Path, kept: Path) -> Iterator[Exim]:
    """Start it in a folder that its user can reach, and stop it at the end."""
    root = beside.fetched("exim4-daemon-heavy", kept)
    ports = [free_port() for _ in range(4)]
    server = Exim(*ports, folder / "ca.pem", folder / "alice.pem", folder)
    _prepare(server)
    command = ["/usr/sbin/exim4", "-C", folder / "exim.conf", "-bdf"]
    with beside.started(root, command, folder / "scratch", ports=ports, users=_USERS):
        yield server


def _prepare(server: Exim) -> None:
    folder, user = server.folder, _USERS["Debian-exim"]
    folder.chmod(0o755)
    for name in ("log", "mail", "spool", "scratch"):
        (folder / name).mkdir()
    for name in ("log", "mail", "spool"):
        shutil.chown(folder / name, user, user)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(server.ca))
    identity = authority.issue_cert("localhost", HOST, "127.0.0.1")
    identity.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    client = authority.issue_cert(USER, common_name=USER)
    client.private_key_and_cert_chain_pem.write_to_path(str(server.client_cert))
    (folder / "exim.conf").write_text(_configuration(server))


def _configuration(server: Exim) -> str:
    folder = server.folder
    ports = (server.port, server.tls_port, server.proxy_port, server.impatient_port)
    is_impatient = f"eq{{$received_port}}{{{server.impatient_port}}}"
    right = f"{{eq{{$auth1}}{{{USER}}}}}{{eq{{$auth2}}{{{PASSWORD}}}}}"
    return f"""\
primary_hostname = {HOST}
qualify_domain = {DOMAIN}
domainlist local_domains = {DOMAIN}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
keep_environment =
local_interfaces = <; {" ; ".join(f"[127.0.0.1]:{port}" for port in ports)}
tls_on_connect_ports = {server.tls_port}
hosts_proxy = ${{if eq{{$received_port}}{{{server.proxy_port}}}{{*}}}}
smtp_receive_timeout = ${{if {is_impatient}{{1s}}{{5m}}}}
pipelining_connect_advertise_hosts = ${{if !{is_impatient}{{*}}}}
acl_smtp_connect = connect
smtp_banner = $primary_hostname ESMTP Exim
tls_certificate = {folder}/server.pem
tls_privatekey = {folder}/server.pem
tls_advertise_hosts = *
tls_verify_certificates = {server.ca}
tls_try_verify_hosts = *
auth_advertise_hosts = ${{if def:tls_in_cipher{{*}}}}
message_size_limit = {SIZE}
recipients_max = 2000
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
dsn_advertise_hosts = *
prdr_enable = true
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
never_users =

begin acl
connect:
  # Who waits a moment before the greeting notices who does not wait for it.
  warn condition = ${{if {is_impatient}}}
       delay = 1s
  accept
rcpt:
  accept authenticated = *
  require message = relay not permitted
          domains = +local_domains
  require verify = recipient
  accept

begin routers
boxes:
  driver = accept
  domains = +local_domains
  local_parts = alice : bob : postmaster
  transport = maildir
sinks:
  driver = accept
  domains = +local_domains
  local_parts = ^u[0-9]+\\$
  transport = nowhere
elsewhere:
  driver = accept
  domains = ! +local_domains
  transport = nowhere

begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail/${{lc:$local_part_data}}
  maildir_format
  user = Debian-exim
nowhere:
  driver = appendfile
  file = /dev/null
  user = Debian-exim

begin authenticators
external:
  driver = external
  public_name = EXTERNAL
  server_param2 = ${{certextract{{subj_altname,mail,>:}}{{$tls_in_peercert}}}}
  server_advertise_condition = $tls_in_certificate_verified
  server_condition = ${{if forany{{$auth2}}{{eq{{$item}}{{$auth1}}}}}}
  server_set_id = $auth1
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{right.replace("$auth2", "$auth3").replace("$auth1", "$auth2")}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{right}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{USER}}}{{{PASSWORD}}}fail}}
  server_set_id = $auth1
ntlm:
  driver = spa
  public_name = NTLM
  server_password = ${{if eq{{$auth1}}{{{USER}}}{{{PASSWORD}}}fail}}
  server_set_id = $auth1
"""
