"""A real Dovecot 2.3 on loopback: submission with every mechanism it has, and LMTP.

The Debian packages `dovecot-core`, `dovecot-submissiond` and `dovecot-lmtpd` are used as they are
installed, with a configuration and folders of this run's own; what is submitted is handed to
Postfix's `smtp-sink`, which throws it away.  Root is needed: Dovecot changes users.

`alice` has a mailbox, `bob` too, and that of `full` takes nothing more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from ports import WAIT, free_port, wait_for

DOMAIN = "example.test"
HOST = "mail.example.test"
USER = f"alice@{DOMAIN}"
PASSWORD = "cheshire-cat-3308"
FULL = f"full@{DOMAIN}"  # over quota
SIZE = 10 * 2**20
MECHANISMS = (
    *("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"),
    *("EXTERNAL", "OAUTHBEARER", "XOAUTH2"),
)

_DAEMON = Path("/usr/sbin/dovecot")
_SINK = Path("/usr/sbin/smtp-sink")
_KEY = b"a key that signs the tokens of these tests"


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot."""

    port: int  # submission, with STARTTLS, and AUTH also without it
    tls_port: int  # submission, TLS from the first octet
    lmtp_port: int
    lmtp_socket: Path
    ca: Path
    client_cert: Path  # of alice, with its key, for EXTERNAL
    folder: Path

    def token(self, *, lifetime: float = 3600, user: str = USER) -> str:
        """A bearer token that it accepts, a JWT (RFC 7519) good for so many seconds."""
        now = int(time.time())
        head = _part({"alg": "HS256", "typ": "JWT"})
        claims = {"sub": user, "iat": now - 60, "nbf": now - 60, "exp": int(now + lifetime)}
        signed = f"{head}.{_part(claims)}"
        return f"{signed}.{_base64url(hmac.new(_KEY, signed.encode(), hashlib.sha256).digest())}"

    def log(self) -> str:
        """What it has logged."""
        file = self.folder / "dovecot.log"
        return file.read_text() if file.exists() else ""

    def letters(self, user: str) -> list[bytes]:
        """What a user (without domain) has received, the oldest first."""
        new = self.folder / "mail" / user / "new"
        files = sorted(new.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        return [file.read_bytes() for file in files]


def missing() -> str | None:
    """What this machine lacks to run it."""
    if os.geteuid() != 0:
        return "the tests with real servers need root"
    needed = (_DAEMON, Path("/usr/lib/dovecot/submission"), Path("/usr/lib/dovecot/lmtp"), _SINK)
    for program in needed:
        if not program.exists():
            packages = "dovecot-core dovecot-submissiond dovecot-lmtpd postfix"
            return f"{program} is missing: apt-get install {packages}"
    return None


@contextmanager
def running(folder: Path) -> Iterator[Dovecot]:
    """Start Dovecot in a folder that its users can reach, and stop it at the end."""
    problem = missing()
    assert problem is None, problem
    dovecot = Dovecot(
        port=free_port(),
        tls_port=free_port(),
        lmtp_port=free_port(),
        lmtp_socket=folder / "run" / "lmtp.sock",
        ca=folder / "ca.pem",
        client_cert=folder / "alice.pem",
        folder=folder,
    )
    relay = free_port()
    _prepare(dovecot, relay)
    sink = _start([str(_SINK), "-u", "nobody", "-h", HOST, f"127.0.0.1:{relay}", "64"])
    daemon = _start([str(_DAEMON), "-F", "-c", str(folder / "dovecot.conf")])
    try:
        wait_for(relay, "smtp-sink")
        for port in (dovecot.port, dovecot.tls_port, dovecot.lmtp_port):
            wait_for(port, "Dovecot")
        _wait_for_greeting(dovecot)
        yield dovecot
    finally:
        daemon.terminate()  # the master, which ends all that it has started
        daemon.wait(WAIT)
        os.killpg(sink.pid, signal.SIGTERM)
        sink.wait(WAIT)


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    null = subprocess.DEVNULL
    # Postfix's programs want no configuration here, only not somebody else's.
    environment = {**os.environ, "MAIL_CONFIG": "/nonexistent"}
    return subprocess.Popen(
        command, stdin=null, stdout=null, stderr=null, start_new_session=True, env=environment
    )


def _wait_for_greeting(dovecot: Dovecot) -> None:
    """The first greeting takes a moment: Dovecot starts its other processes for it."""
    with socket.create_connection(("127.0.0.1", dovecot.port), WAIT) as sock:
        greeting = sock.makefile("rb").readline()
    assert greeting.startswith(b"220 "), (greeting, dovecot.log())


def _prepare(dovecot: Dovecot, relay: int) -> None:
    folder = dovecot.folder
    folder.chmod(0o755)
    for name in ("run", "state", "mail", "keys/default/HS256"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "mail", "mail", "mail")
    (folder / "keys/default/HS256/default").write_bytes(base64.b64encode(_KEY))
    (folder / "users").write_text(
        f"{USER}:{{PLAIN}}{PASSWORD}::::::\n"
        f"bob@{DOMAIN}:{{PLAIN}}builder-1877::::::\n"
        f"postmaster@{DOMAIN}:{{PLAIN}}caterpillar-9::::::\n"
        f"{FULL}:{{PLAIN}}humpty-dumpty-6::::::userdb_quota_rule=*:bytes=1\n"
    )
    (folder / "oauth2.conf").write_text(
        "introspection_mode = local\n"
        f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n"
        "username_attribute = sub\n"
        "username_format = %u\n"
    )
    _certificates(dovecot)
    (folder / "dovecot.conf").write_text(_configuration(dovecot, relay))


def _certificates(dovecot: Dovecot) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(dovecot.ca))
    server = authority.issue_cert("localhost", HOST, "127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(str(dovecot.folder / "server.pem"))
    client = authority.issue_cert(USER, common_name=USER)
    client.private_key_and_cert_chain_pem.write_to_path(str(dovecot.client_cert))


def _configuration(dovecot: Dovecot, relay: int) -> str:
    folder = dovecot.folder
    return f"""\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
auth_verbose = yes
protocols = submission lmtp
listen = 127.0.0.1
hostname = {HOST}
login_greeting = Dovecot at your service.
first_valid_uid = 1
mail_uid = mail
mail_gid = mail
mail_location = maildir:{folder}/mail/%n
mail_fsync = never
mail_plugins = quota
plugin {{
  quota = maildir:User quota
}}
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
ssl_ca = <{folder}/ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
ssl_cert_username_field = commonName
disable_plaintext_auth = no
auth_mechanisms = {" ".join(MECHANISMS).lower()}
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = external
  args = nopassword=y
}}
passdb {{
  driver = passwd-file
  mechanisms = {" ".join(MECHANISMS[:6]).lower()}
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {dovecot.port}
  }}
  inet_listener submissions {{
    port = {dovecot.tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {dovecot.lmtp_port}
  }}
  unix_listener {dovecot.lmtp_socket} {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
  # No growing delay after failed logins from one address.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_max_mail_size = {SIZE}
submission_max_recipients = 2000
lmtp_rcpt_check_quota = no
protocol lmtp {{
  mail_plugins = quota
  postmaster_address = postmaster@{DOMAIN}
}}
"""


def _part(value: dict[str, object]) -> str:
    return _base64url(json.dumps(value).encode())


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
