"""Certificates for servers on loopback."""

import ssl
from pathlib import Path

import trustme


def loopback_tls(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The certificate of an authority that nobody trusts, and the SSL context of a server with one for 127.0.0.1."""
    authority, certificate = trustme.CA(), folder / "certificate.pem"
    authority.cert_pem.write_to_path(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return certificate, context
