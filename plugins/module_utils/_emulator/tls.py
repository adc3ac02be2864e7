# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS for servers that encrypt: a certificate of their own for each run, which nobody can check and nobody needs to."""

from __future__ import annotations

import ssl
import subprocess
import tempfile
from pathlib import Path

from .errors import RefusedError, reason

# Prime256v1 costs milliseconds where RSA costs a second on a small machine.
_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
_COMMAND = ["openssl", "req", "-x509", *_KEY, "-days", "3650", "-batch"]


def server_context(name: str) -> ssl.SSLContext:
    """A server's context with a self-signed certificate for C(name), made now by the command openssl.

    Python's standard library cannot make a certificate. Key and certificate are in a private folder for the moment
    that it takes to load them. Raises L(RefusedError) when openssl is missing or fails. Takes some 20 ms.
    """
    with tempfile.TemporaryDirectory(prefix="faxnet-emulator-") as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        # X.520 allows a common name 64 characters; RFC 5280, upper bounds.
        request = ["-subj", f"/CN={name.replace('/', ' ')[:64]}", "-keyout", str(key), "-out", str(certificate)]
        try:
            made = subprocess.run([*_COMMAND, *request], capture_output=True, text=True, timeout=60, check=False)
        except FileNotFoundError:
            raise RefusedError(
                f"{name} encrypts its connections and needs the command openssl to make a certificate, which is not"
                " on this host; install the package openssl, then restart the emulator"
            ) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RefusedError(f"{name} got no certificate from the command openssl: {reason(error)}") from None
        if made.returncode:
            said = " ".join(made.stderr.split())[-300:]
            raise RefusedError(f"{name} got no certificate, openssl ended with {made.returncode}: {said}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    return context


def client_context() -> ssl.SSLContext:
    """A client's context that takes any certificate: an emulator's is made anew in each run, by nobody one knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
