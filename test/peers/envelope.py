"""The envelope of signed documents: {"<name>": {...}, "signature": b64, "signatures": [{"key_id", "sig"}]}; without a name, the other members"""
import hashlib
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from reading import P, SMALL_ORDER, assert_shape, binary, canonical, key_id, need, parse, y_of

class Envelope:
    def __init__(self, text, name):
        envelope = parse(text)
        need(isinstance(envelope, dict))
        document = envelope.get(name) if name else {k: v for k, v in envelope.items() if k not in ("signature", "signatures")}
        need(isinstance(document, dict) and document)
        assert_shape(envelope.get("signature"), "text", "[A-Za-z0-9+/]{86}==", 88)
        self.document, self.message, self.main = document, canonical(document), binary(envelope["signature"])
        self.listed = None
        if "signatures" in envelope:
            assert_shape(envelope["signatures"], "each", ["shape", "signature"], "key_id")
            self.listed = {item["key_id"]: binary(item["sig"]) for item in envelope["signatures"]}
            need(len(self.listed) <= 32 and self.main in self.listed.values())
        self.digest = hashlib.sha256(self.message).hexdigest()

    def signers(self, keys):
        """The ids among `keys` ({id: raw key}) whose signature verifies."""
        given = {i: self.main if self.listed is None else self.listed.get(i) for i in keys}
        return {i for i, sig in given.items() if sig and is_signed(keys[i], sig, self.message)}

def is_signed(raw, sig, message):
    try: Ed25519PublicKey.from_public_bytes(raw).verify(sig, message)
    except InvalidSignature: return False
    return y_of(sig) % P not in SMALL_ORDER

def by_id(texts): return {key_id(raw): raw for raw in map(binary, texts)}
