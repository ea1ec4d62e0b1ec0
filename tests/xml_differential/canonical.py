"""Writes lxml's exclusive canonical form of each document in a directory beside it.

A case is NAME.xml, with the path of the apex (child numbers, one a line) in NAME.apex and the
PrefixList in NAME.list; the form goes to NAME.lxml.

usage: canonical.py DIRECTORY
"""

import pathlib
import sys

from lxml import etree

for document in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    apex = etree.fromstring(document.read_bytes())
    for child in document.with_suffix(".apex").read_text().split():
        apex = apex[int(child)]
    prefixes = document.with_suffix(".list").read_text().split()
    form = etree.tostring(
        apex,
        method="c14n",
        exclusive=True,
        with_comments=False,
        # lxml drops #default, so no case has it.
        inclusive_ns_prefixes=prefixes or None,
        with_tail=False,
    )
    document.with_suffix(".lxml").write_bytes(form)
