"""The identity providers that the suite can start, and any other that runs already."""

import dataclasses


@dataclasses.dataclass
class Subject:
    """What the suite knows of an identity provider before it asks: all else is in its metadata."""

    name: str
    version: str
    metadata_url: str
    # The CA of its TLS certificate.
    ca_file: str
    # A name and the password that goes with it, for as many people as the requirements need.
    people: list
    # Where WS-Federation is spoken, or None where it is not.
    ws_federation: str | None = None
    # The directory behind it, where the suite has started that: it tells which passwords were tried.
    directory: object = None
    # Its process, where the suite has started that.
    process: object = None
    # The server that ends TLS and reads HTTP, where that is not the subject's own.
    front: str | None = None


def start(name, lab):
    """Starts the subject of this name in a laboratory."""
    # One of them alone is needed, and not all of what each needs may be installed.
    if name == "homerealm":
        from . import homerealm as chosen
    elif name == "simplesamlphp":
        from . import simplesamlphp as chosen
    elif name == "lemonldap-ng":
        from . import lemonldap_ng as chosen
    elif name == "external":
        from . import external as chosen
    else:
        raise SystemExit(f"no subject {name!r}: homerealm, simplesamlphp, lemonldap-ng, external")
    return chosen.start(lab)


def package_version(package):
    """The version of a Debian package, which must be installed."""
    import subprocess

    query = ["dpkg-query", "-W", "-f", "${Version}", package]
    found = subprocess.run(query, capture_output=True, text=True)
    if found.returncode != 0:
        raise SystemExit(f"{package} is not installed: apt-get install {package}")
    return found.stdout
