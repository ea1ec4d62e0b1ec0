"""An identity provider that runs already, by environment variables:

    CONFORMANCE_METADATA_URL   where its metadata is
    CONFORMANCE_CA             a CA file for its TLS certificate, if it is none of the system's
    CONFORMANCE_PEOPLE         a file with NAME<TAB>PASSWORD on each line, forty of them
    CONFORMANCE_WS_FEDERATION  where it speaks WS-Federation, if it does

    CONFORMANCE_KEYS           a folder of the relying parties' keys, made at first

It must know the relying parties of `conformance/run --write-metadata FOLDER`; with the third one's
requests it must demand signatures.
"""

import os

import certifi

from . import Subject


def start(_lab):
    url = os.environ.get("CONFORMANCE_METADATA_URL")
    people = os.environ.get("CONFORMANCE_PEOPLE")
    if not url or not people:
        raise SystemExit("external: CONFORMANCE_METADATA_URL and CONFORMANCE_PEOPLE must be set")
    with open(people) as file:
        pairs = [tuple(line.rstrip("\n").split("\t")) for line in file if "\t" in line]
    return Subject(
        name=os.environ.get("CONFORMANCE_NAME", "external"),
        version=os.environ.get("CONFORMANCE_VERSION", ""),
        metadata_url=url,
        ca_file=os.environ.get("CONFORMANCE_CA", certifi.where()),
        people=pairs,
        ws_federation=os.environ.get("CONFORMANCE_WS_FEDERATION"),
    )
