# SPDX-License-Identifier: Apache-2.0
"""Client certificates of any kind, made by an independent library."""
import base64
import collections
import datetime
import hashlib
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
TYPES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "C": NameOID.COUNTRY_NAME}

Holder = collections.namedtuple("Holder", "certificate key")


def name_of(*parts):
    """A name from ("C", "GB"), ..., in the order of the certificate."""
    return x509.Name([x509.NameAttribute(TYPES[kind], value) for kind, value in parts])


def make(*subject, signer=None, dns=(), is_ca=False, start=-DAY, end=30 * DAY):
    """Somebody with a key and a certificate, by `signer` or self-signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    subject = name_of(*subject)
    builder = (x509.CertificateBuilder()
               .subject_name(subject)
               .issuer_name(signer.certificate.subject if signer else subject)
               .public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now + start).not_valid_after(now + end)
               .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
    if dns:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in dns])
        builder = builder.add_extension(names, critical=False)
    if not is_ca:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False)
    return Holder(builder.sign(signer.key if signer else key, hashes.SHA256()), key)


def pem(holder):
    return holder.certificate.public_bytes(serialization.Encoding.PEM).decode()


def der(holder):
    return holder.certificate.public_bytes(serialization.Encoding.DER)


def thumbprint(holder):
    """x5t#S256 (RFC 8705 §3.1)"""
    return base64.urlsafe_b64encode(hashlib.sha256(der(holder)).digest()).rstrip(b"=").decode()


def as_sequence(holder):
    """The header Client-Cert of RFC 9440."""
    return ":" + base64.b64encode(der(holder)).decode() + ":"


def as_escaped(holder):
    """nginx's $ssl_client_escaped_cert."""
    return urllib.parse.quote(pem(holder), safe="")


def write(holder, folder, name):
    """Files for `requests` and curl: certificate, key."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_text(pem(holder), encoding="utf-8")
    paths[1].write_bytes(holder.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    paths[1].chmod(0o600)
    return str(paths[0]), str(paths[1])


def trust(house, authority):
    """Lets a house with a listener for certificates take those of an authority."""
    house.edit("        # ssl_client_certificate tls/clients-ca.pem;\n",
               "        ssl_client_certificate tls/clients-ca.pem;\n")
    (house.dir / "tls" / "clients-ca.pem").write_text(pem(authority))
