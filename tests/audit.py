"""Ask what is known to be wrong with the locked dependencies; run by `make audit`.

A vulnerability fails.  Where nobody can be asked, that is said in one line, and does not fail: it
says nothing about the dependencies.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
SERVICES = ("pypi", "osv")  # whom pip-audit can ask; the second where the first cannot tell
PATIENCE = 15  # seconds for a connection


def asked(service: str, lock: Path) -> list[dict[str, Any]]:
    """What pip-audit tells of each dependency; nothing if it could not ask."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes"),
        *("--disable-pip", "--vulnerability-service", service, "--timeout", str(PATIENCE)),
        *("--format", "json", "--progress-spinner", "off"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"{service}: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}")
        return []
    return found


def judged(found: list[dict[str, Any]]) -> tuple[list[str], list[str], list[str]]:
    """The names that are well, those that nobody could tell of, and a line a vulnerability."""
    well, unknown, bad = [], [], []
    for each in found:
        if "skip_reason" in each:
            unknown.append(each["name"])
        elif not each["vulns"]:
            well.append(each["name"])
        for vuln in each.get("vulns", []):
            mended = ", ".join(vuln["fix_versions"]) or "nothing yet"
            bad.append(f"{each['name']} {each['version']}: {vuln['id']}, mended in {mended}")
    return well, unknown, bad


def report(well: list[str], unknown: list[str], bad: list[str]) -> str:
    """What a person has to know."""
    if bad:
        return "\n".join(["VULNERABLE DEPENDENCIES; mend pyproject.toml, then make lock:", *bad])
    if not well:
        return "NOT AUDITED: no service that knows of vulnerabilities could be asked from here."
    told = f"{len(well)} locked dependencies have no known vulnerability."
    return f"{told}  NOT AUDITED: {', '.join(unknown)}" if unknown else told


def main() -> None:
    for service in SERVICES:
        well, unknown, bad = judged(asked(service, LOCK))
        if well or bad:
            break
    print(report(well, unknown, bad))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
