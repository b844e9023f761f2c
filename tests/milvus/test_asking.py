"""What a server is told of who asks, and whom is believed to be a server; by one of our own."""

import base64
import datetime
import ipaddress
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from opensearch.errors import InvalidInput, StoreError
from opensearch.milvus import connect
from opensearch.records import Address

pytest.importorskip("pymilvus")
grpc = pytest.importorskip("grpc")
pytestmark = [
    pytest.mark.milvus,
    pytest.mark.filterwarnings("ignore"),  # those of pymilvus and what it imports
]


class Answers(grpc.GenericRpcHandler):
    """The two calls of somebody who connects, and what came with them."""

    def __init__(self):
        self.told = []

    def service(self, call):
        from pymilvus.grpc_gen import milvus_pb2

        self.told.append(dict(call.invocation_metadata))
        asked, answer = {
            "Connect": (milvus_pb2.ConnectRequest, milvus_pb2.ConnectResponse(identifier=1)),
            "GetVersion": (
                milvus_pb2.GetVersionRequest,
                milvus_pb2.GetVersionResponse(version="v2.3.5"),
            ),
        }[call.method.rpartition("/")[2]]
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: answer,
            request_deserializer=asked.FromString,
            response_serializer=type(answer).SerializeToString,
        )


@contextmanager
def server(credentials=None):
    """A server that answers, with its port and what it was told."""
    answers = Answers()
    running = grpc.server(ThreadPoolExecutor(2), handlers=[answers])
    if credentials is None:
        port = running.add_insecure_port("127.0.0.1:0")
    else:
        port = running.add_secure_port("127.0.0.1:0", credentials)
    running.start()
    try:
        yield port, answers.told
    finally:
        running.stop(None).wait()


@pytest.fixture
def nobody(monkeypatch):
    for name in ("TOKEN", "TOKEN_FILE", "USER", "PASSWORD", "CA_FILE"):
        monkeypatch.delenv(f"OPENSEARCH_MILVUS_{name}", raising=False)


@pytest.mark.parametrize(
    ("environment", "secret", "told"),
    [
        ({}, "", None),
        ({"TOKEN": "a-key"}, "", "a-key"),
        ({"USER": "me", "PASSWORD": "word"}, "", "me:word"),
        ({"TOKEN_FILE": "secret"}, "root:from a file\n", "root:from a file"),
    ],
)
def test_a_server_is_told_who_asks(environment, secret, told, nobody, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text(secret)
    for name, value in environment.items():
        monkeypatch.setenv(f"OPENSEARCH_MILVUS_{name}", value)
    with server() as (port, calls):
        link = connect(Address("milvus", f"127.0.0.1:{port}", "name"))
        link.close()
    assert link.server == "Milvus v2.3.5"
    wanted = None if told is None else base64.b64encode(told.encode()).decode()
    assert calls
    assert {call.get("authorization") for call in calls} == {wanted}


def certificate():
    """A key and a certificate of 127.0.0.1, signed by itself, as PEM."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "toy")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, form, plain), made.public_bytes(pem)


def test_tls_reaches_a_server_whose_certificate_is_trusted_and_no_other(
    nobody, monkeypatch, tmp_path
):
    key, made = certificate()
    (tmp_path / "ca.pem").write_bytes(made)
    monkeypatch.setenv("OPENSEARCH_MILVUS_TOKEN", "a-key")
    with server(grpc.ssl_server_credentials([(key, made)])) as (port, calls):
        there = Address("milvuss", f"127.0.0.1:{port}", "name")
        with pytest.raises(StoreError, match=r"^Milvus at milvuss://.* failed"):
            connect(there)  # nobody that this machine trusts has signed it
        with pytest.raises(StoreError, match=r"^Milvus at milvus://.* failed"):
            connect(Address("milvus", there.authority, "name"))
        assert calls == []  # so that neither key nor password were told
        monkeypatch.setenv("OPENSEARCH_MILVUS_CA_FILE", str(tmp_path / "ca.pem"))
        link = connect(there)
        link.close()
    assert link.server == "Milvus v2.3.5"
    assert "authorization" in calls[0]


def test_certificates_that_cannot_be_read_are_told(nobody, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENSEARCH_MILVUS_CA_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(InvalidInput, match="CA_FILE names a file that cannot be read"):
        connect(Address("milvuss", "127.0.0.1:1", "name"))
