"""A real Postfix on loopback, with a configuration, queue and certificates of its own.

The Debian packages `postfix`, `sasl2-bin` and `libsasl2-modules` are used as they are installed;
the machine's own Postfix, if it has one, is not touched.  Root is needed: Postfix's master
insists on it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from ports import WAIT, free_port, wait_for

DOMAIN = "example.test"
HOST = "mail.example.test"
USER = f"alice@{DOMAIN}"
PASSWORD = "looking-glass-7291"
SIZE = 10 * 2**20
LARGE = 40 * 2**20  # on the port that trusts
MECHANISMS = (
    *("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM"),
    *("SCRAM-SHA-1", "SCRAM-SHA-224", "SCRAM-SHA-256", "SCRAM-SHA-384", "SCRAM-SHA-512"),
)
OWNER, GROUP = "news", "uucp"  # users that Debian always has, and that own nothing here

_SBIN = Path("/usr/sbin")
_DAEMONS = Path("/usr/lib/postfix/sbin")
_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"),
    *("private", "saved", "trace", "maildrop", "public", "pid"),
)


@dataclass(frozen=True)
class Postfix:
    """A running Postfix."""

    port: int  # STARTTLS, AUTH after it
    tls_port: int
    ca: Path
    other_ca: Path  # which has signed nothing here
    folder: Path
    proxy_port: int  # wants a PROXY header first, then as `port`
    proxy_tls_port: int  # wants it before TLS
    trusting_port: int  # relays for this machine, allows XCLIENT, takes large messages
    impatient_port: int  # dismisses who is silent for a second
    screened_port: int  # postscreen, which takes no mail of who is new to it

    @property
    def sendmail(self) -> list[str]:
        """The program that speaks SMTP on stdin and stdout."""
        return ["env", f"MAIL_CONFIG={self.folder}/etc", str(_SBIN / "sendmail"), "-bs"]

    def log(self) -> str:
        """What it has logged."""
        file = self.folder / "log" / "maillog"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def letters(self, user: str) -> list[bytes]:
        """What a user has received, the oldest first."""
        new = self.folder / "mail" / user / "new"
        files = sorted(new.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        return [file.read_bytes() for file in files]

    def wait_for_letters(self, user: str, count: int) -> list[bytes]:
        """The same, once there are so many; delivery is a matter of other processes."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            if (self.folder / "mail" / user / "new").is_dir():
                found = self.letters(user)
                if len(found) >= count:
                    return found
            time.sleep(0.02)  # nothing to be awaited: a file appears
        raise AssertionError(f"{count} letters for {user} have not arrived\n{self.log()}")


def missing() -> str | None:
    """What this machine lacks to run it."""
    if os.geteuid() != 0:
        return "the tests with real servers need root"
    for program in (_DAEMONS / "master", _SBIN / "saslpasswd2"):
        if not program.exists():
            return f"{program} is missing: apt-get install postfix sasl2-bin libsasl2-modules"
    return None


@contextmanager
def running(folder: Path, *settings: str) -> Iterator[Postfix]:
    """Start Postfix in a folder that its users can reach, and stop it at the end.

    `settings` are lines of main.cf that come last; a Postfix of one's own is surer than a reload.
    """
    problem = missing()
    assert problem is None, problem
    port, tls_port, *proxied = (free_port() for _ in range(7))
    postfix = Postfix(port, tls_port, folder / "ca.pem", folder / "other.pem", folder, *proxied)
    _prepare(postfix, settings)
    environment = {**os.environ, "MAIL_CONFIG": str(folder / "etc")}
    master = subprocess.Popen(
        [_DAEMONS / "master", "-c", folder / "etc", "-d"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for each in (port, tls_port, *proxied):
            wait_for(each, "Postfix", postfix.log)
        yield postfix
    finally:
        os.killpg(master.pid, signal.SIGTERM)
        master.wait(WAIT)


def _prepare(postfix: Postfix, settings: Sequence[str]) -> None:
    folder = postfix.folder
    folder.chmod(0o755)
    for name in ("etc", "data", "log", "mail", "sasl", "spool"):
        (folder / name).mkdir()
    _certificates(folder)
    etc = folder / "etc"
    (etc / "main.cf").write_text("\n".join((_main_cf(folder), *settings, "")))
    (etc / "master.cf").write_text(_master_cf(postfix))
    (etc / "dynamicmaps.cf").touch()
    boxes = {"alice": "alice", "bob": "bob", "postmaster": "bob"}
    rows = [f"{name}@{DOMAIN} mail/{box}/\n" for name, box in boxes.items()]
    (etc / "vmailbox").write_text("".join(rows))
    (etc / "smtpd.conf").write_text(
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
        f"sasldb_path: {folder}/sasl/sasldb2\n"
        f"mech_list: {' '.join(MECHANISMS)}\n"
    )
    (etc / "sasl").mkdir()
    shutil.copy(etc / "smtpd.conf", etc / "sasl" / "smtpd.conf")
    subprocess.run(
        [_SBIN / "saslpasswd2", "-p", "-c", "-f", folder / "sasl/sasldb2", "-u", DOMAIN, "alice"],
        input=PASSWORD.encode(),
        check=True,
        capture_output=True,
    )
    _hand_over(folder)


def _hand_over(folder: Path) -> None:
    """Directories as Postfix wants them owned."""
    shutil.chown(folder / "data", OWNER)
    shutil.chown(folder / "mail", "mail", "mail")
    shutil.chown(folder / "sasl/sasldb2", OWNER)
    spool = folder / "spool"
    for name in _QUEUES:
        (spool / name).mkdir()
        if name != "pid":
            shutil.chown(spool / name, OWNER)
            (spool / name).chmod(0o700)
    for name, mode in (("public", 0o710), ("maildrop", 0o730)):
        shutil.chown(spool / name, group=GROUP)
        (spool / name).chmod(mode)


def _certificates(folder: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    other.cert_pem.write_to_path(str(folder / "other.pem"))
    identity = authority.issue_cert("localhost", HOST, "127.0.0.1")
    identity.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))


def _main_cf(folder: Path) -> str:
    return f"""\
compatibility_level = 3.6
command_directory = {_SBIN}
daemon_directory = {_DAEMONS}
shlib_directory = /usr/lib/postfix
meta_directory = {folder}/etc
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = {OWNER}
setgid_group = {GROUP}
maillog_file_prefixes = {folder}/log
maillog_file = {folder}/log/maillog
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {HOST}
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:no local delivery
default_transport = discard
virtual_mailbox_limit = 0
relay_transport = discard
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {folder}
virtual_mailbox_maps = texthash:{folder}/etc/vmailbox
virtual_uid_maps = static:8
virtual_gid_maps = static:8
virtual_minimum_uid = 1
message_size_limit = {SIZE}
recipient_delimiter = +
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
smtpd_sasl_auth_enable = yes
cyrus_sasl_config_path = {folder}/etc
smtpd_sasl_security_options = noanonymous
smtpd_tls_chain_files = {folder}/server.pem
smtpd_tls_auth_only = yes
smtpd_tls_session_cache_database =
service_throttle_time = 1s
"""


def _master_cf(postfix: Postfix) -> str:
    return f"""\
127.0.0.1:{postfix.port} inet n - n - - smtpd
  -o smtpd_tls_security_level=may
127.0.0.1:{postfix.tls_port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt
127.0.0.1:{postfix.proxy_port} inet n - n - - smtpd
  -o smtpd_upstream_proxy_protocol=haproxy -o smtpd_tls_security_level=may
  -o smtpd_upstream_proxy_timeout=1s -o inet_protocols=all
127.0.0.1:{postfix.proxy_tls_port} inet n - n - - smtpd
  -o smtpd_upstream_proxy_protocol=haproxy
  -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt
127.0.0.1:{postfix.trusting_port} inet n - n - - smtpd
  -o mynetworks=127.0.0.0/8 -o smtpd_authorized_xclient_hosts=127.0.0.1
  -o smtpd_authorized_xforward_hosts=127.0.0.1
  -o smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination
  -o message_size_limit={LARGE} -o cleanup_service_name=cleanup_large
  -o inet_protocols=all -o smtpd_error_sleep_time=0
127.0.0.1:{postfix.impatient_port} inet n - n - - smtpd
  -o smtpd_timeout=1s
127.0.0.1:{postfix.screened_port} inet n - n - 1 postscreen
  -o postscreen_greet_wait=1s -o postscreen_greet_banner=teaser
  -o postscreen_bare_newline_enable=yes -o postscreen_bare_newline_action=enforce
smtpd pass - - n - - smtpd
tlsproxy unix - - n - 0 tlsproxy
dnsblog unix - - n - 0 dnsblog
cleanup_large unix n - n - 0 cleanup
  -o message_size_limit={LARGE}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
