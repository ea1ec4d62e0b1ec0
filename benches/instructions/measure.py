"""Counts instructions under callgrind, and compares them with those of recorded.json."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from sign_in import Browser

RECORDED = Path(__file__).parent / "recorded.json"
# Of what is not the signature.
TOLERANCE = 0.03
# So many sign-ins, and three times as many: the difference has no start in it, and no end. AWS-LC makes
# new blinding values after each 32 signatures.
FEW = 32

CONFIGURATION = """\
base_url = "https://{host}"
[listen]
address = "127.0.0.1:{port}"
plain_http_behind_a_tls_proxy = true
trusted_proxies = ["127.0.0.1"]
[signing]
key = "signing.key"
certificate = "signing.crt"
[[federated_domain]]
suffix = "partners.contoso.com"
issuer = "https://login.contoso.com/partners"
[[relying_party]]
entity_id = "urn:federation:MicrosoftOnline"
preset = "entra"
assertion_consumer_services = ["https://login.microsoftonline.com/login.srf"]
[directory]
servers = ["ldaps://127.0.0.1:{ldap_port}"]
ca = "ca.pem"
bind_dn = "cn=homerealm,{base}"
bind_password = {{ file = "directory-password" }}
base = "{base}"
mapping_cache_seconds = 3600
deadline_seconds = 30
"""


class Counted:
    """A program under callgrind."""

    def __init__(self, folder, command, log):
        self.out = folder / "callgrind.out"
        arguments = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.out}"]
        # Valgrind's threads take turns; fairly, or one may wait for long.
        arguments += ["--fair-sched=yes", *command]
        self.process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)
        self.dumps = 0

    def so_far(self):
        """Instructions since this was asked for the last time."""
        self.dumps += 1
        control = ["callgrind_control", "--dump=counted", str(self.process.pid)]
        subprocess.run(control, check=True, capture_output=True, timeout=60)
        return total(Path(f"{self.out}.{self.dumps}"))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


def total(path):
    for _ in range(200):
        if path.exists() and (found := re.search(r"^totals: (\d+)", path.read_text(), re.M)):
            path.unlink()
            return int(found[1])
        time.sleep(0.1)
    sys.exit(f"instructions: callgrind has written no {path}")


def per_sign_in(server, sign_in):
    def counted(times):
        for _ in range(times):
            sign_in()
        return server.so_far()

    sign_in()
    server.so_far()
    few = counted(FEW)
    return round((counted(3 * FEW) - few) / (2 * FEW))


def per_signature(folder, program):
    """Of RSA-2048, by the same library under the same valgrind, which shows the same processor."""

    def counted(times):
        out = folder / f"signature.{times}"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program]
        environment = os.environ | {"BARE_SIGNATURES": str(times)}
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment, timeout=120)
        return total(out)

    return round((counted(3 * FEW) - counted(FEW)) / (2 * FEW))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def measured(folder, binary, signature):
    port = free_port()
    host = "idp.localhost"
    configuration = CONFIGURATION.format(
        host=host, port=port, ldap_port=os.environ["LDAP_PORT"], base=os.environ["LDAP_BASE"]
    )
    (folder / "homerealm.toml").write_text(configuration)
    keys = [binary, "keys", "new", "--folder", folder]
    subprocess.run(keys, check=True, capture_output=True)
    with open(folder / "server.log", "w") as log:
        command = [binary, "serve", "--config", "homerealm.toml"]
        server = Counted(folder, command, log)
        try:
            await_port(server.process, port)
            browser = Browser(host, port)
            password = lambda: browser.by_password("u7@fabrikam.com", os.environ["PASSWORD"])
            for _ in range(4):
                password()
                browser.by_session()
                browser.by_session_ws_federation()
            figures = {
                "session": per_sign_in(server, browser.by_session),
                "session, WS-Federation": per_sign_in(server, browser.by_session_ws_federation),
                "password": per_sign_in(server, password),
            }
        except BaseException:
            print((folder / "server.log").read_text()[-2000:], file=sys.stderr)
            raise
        finally:
            server.end()
    return {"signature": per_signature(folder, signature), **figures}


def await_port(process, port):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit("instructions: the server does not start")
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("instructions: the server does not listen")


def compared(figures, recorded):
    """Prints the table; whether all figures are those that are recorded."""
    good = True
    print(f"{'instructions':24}{'now':>12}{'recorded':>12}{'besides signature':>20}{'change':>9}")
    for name, now in figures.items():
        before = recorded[name]
        if name == "signature":
            print(f"{name:24}{now:12,}{before:12,}")
            continue
        beside, beside_before = now - figures["signature"], before - recorded["signature"]
        change = beside / beside_before - 1
        verdict = "" if abs(change) <= TOLERANCE else "  MORE" if change > 0 else "  LESS: record it"
        good = good and not verdict
        print(f"{name:24}{now:12,}{before:12,}{beside:20,}{change:+9.1%}{verdict}")
    return good


def main():
    folder, binary, signature = Path(sys.argv[1]), *sys.argv[2:4]
    compiler = subprocess.check_output(["rustc", "--version"], text=True).strip()
    figures = measured(folder, binary, signature)
    if sys.argv[4:] == ["--record"]:
        RECORDED.write_text(json.dumps({"rustc": compiler, "instructions": figures}, indent=4) + "\n")
        return print(f"recorded {figures}")
    recorded = json.loads(RECORDED.read_text())
    good = compared(figures, recorded["instructions"])
    if compiler != recorded["rustc"]:
        print(f"recorded by {recorded['rustc']}, built by {compiler}: nothing can be said.")
        print("Record the commit before yours by this compiler, then compare:")
        print("    benches/instructions/run --record")
        return
    if not good:
        sys.exit("A sign-in costs otherwise than recorded. If it is meant: benches/instructions/run --record")


main()
