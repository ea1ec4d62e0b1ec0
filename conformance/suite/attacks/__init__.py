"""What a stranger tries: the classes of attack on identity providers, each seen somewhere before.

Two classes cannot be seen from outside: the timing of RSA itself, and stolen keys.
"""

from . import addresses, messages, pages, passwords, resources, signatures, transport  # noqa: F401
