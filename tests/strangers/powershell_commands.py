"""Reads PowerShell from standard input by its grammar (tree-sitter-powershell), and prints as JSON each
command with its parameters and its literal texts, in the order of the script. Anything that is no
PowerShell, and any text that PowerShell would expand, ends it with an error.
"""
import json
import re
import sys

import tree_sitter
import tree_sitter_powershell

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
root = parser.parse(sys.stdin.buffer.read()).root_node
commands = []


def literal(text):
    # A quote within is written twice; PowerShell takes the curly ones for quotes, too.
    return re.sub("(['\u2018-\u201b])\\1", r"\1", text[1:-1])


def visit(node, command):
    text = node.text.decode()
    if node.is_error or node.is_missing:
        sys.exit(f"line {node.start_point.row + 1}: no PowerShell: {text[:200]!r}")
    if node.type.startswith("expandable"):
        sys.exit(f"line {node.start_point.row + 1}: it would be expanded: {text[:200]!r}")
    if node.type == "command":
        command = {"name": None, "parameters": [], "texts": []}
        commands.append(command)
    elif node.type == "command_name":
        command["name"] = text
    elif node.type == "command_parameter" and command:
        command["parameters"].append(text)
    elif node.type == "verbatim_string_characters" and command:
        command["texts"].append(literal(text))
    for child in node.children:
        visit(child, command)


visit(root, None)
print(json.dumps(commands))
