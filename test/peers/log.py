"""The transparency log for verify.py (docs/protocol/log.md): signed notes, Merkle proofs, evidence of two histories."""
import base64, hashlib, re
from envelope import is_signed
from reading import assert_shape, binary, canonical, key_id, need, parse

SLUG = "[a-z0-9][a-z0-9-]{1,48}[a-z0-9]"

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()

def decide_log(v, trust, manifest, digest):
    log = trust.get("log") or v["pinned"]
    if log is None: return None
    key = binary(log["pubkey_b64"])
    need(key_id(key) not in {o["key_id"] for name in ("valid_keys", "push_keys") for o in trust.get(name, [])}, "key_out_of_scope")
    need(key_id(key) not in {o["key_id"] for o in trust["revoked_keys"]}, "key_revoked")
    proof = parse(v["envelope"]).get("log")
    need(proof is not None, "log_proof_missing")
    need(isinstance(proof, dict))
    assert_shape(proof.get("index"), "integer", 0)
    hashes = read_hashes(proof)
    assert_shape(proof.get("checkpoint"), "text", r"[\s\S]*", 32_768)
    assert_shape(proof.get("organisation"), "text", SLUG, 50)
    size, root = open_checkpoint(proof["checkpoint"], log["origin"], key)
    entry = {"type": "manifest", "organisation": proof["organisation"], "sha256": digest, "channel": manifest.get("channel", "stable"),
             **{name: manifest[name] for name in ("project", "version", "counter", "key_id")}}
    assert_included(sha256(b"\0", canonical(entry)), proof["index"], hashes, size, root)
    return {"index": proof["index"], "size": size, "root_hash": base64.b64encode(root).decode()}

def read_hashes(proof):
    hashes = proof.get("hashes")
    need(isinstance(hashes, list) and len(hashes) <= 64 and all(isinstance(one, str) for one in hashes))
    return [binary(one) for one in hashes]

def open_checkpoint(note, origin, key):
    """Size and root hash of a checkpoint that this log signed."""
    need(len(note) <= 32_768)
    text, found, lines = note.rpartition("\n\n")
    text += "\n"
    need(found and lines.endswith("\n") and not re.search("[\0-\x09\x0b-\x1f]", text))
    signatures = [re.fullmatch("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)", line) for line in lines[:-1].split("\n")]
    need(all(signatures) and len(signatures) <= 100)
    own = [binary(line[2]) for line in signatures if line[1] == origin]
    need(own, "log_untrusted")
    hint = sha256(origin.encode(), b"\n\x01", key)[:4]
    signed = [one[4:] for one in own if one[:4] == hint]
    need(signed and len(signed[0]) == 64 and is_signed(key, signed[0], text.encode()), "bad_signature")
    stated = text[:-1].split("\n")
    need(len(stated) > 2 and "" not in stated)
    name, size, root = stated[:3]
    need(re.fullmatch("0|[1-9][0-9]{0,15}", size) and int(size) < 2**53 and len(binary(root)) == 32)
    need(name == origin, "log_untrusted")
    return int(size), binary(root)

def assert_included(leaf, index, hashes, size, root):
    """RFC 9162, 2.1.3.2"""
    valid = lambda holds: need(holds, "log_proof_invalid")
    valid(index < size and all(len(one) == 32 for one in hashes))
    node, last = index, size - 1
    for sibling in hashes:
        valid(last > 0)
        if node % 2 or node == last:
            leaf = sha256(b"\1", sibling, leaf)
            while node and node % 2 == 0: node, last = node // 2, last // 2
        else: leaf = sha256(b"\1", leaf, sibling)
        node, last = node // 2, last // 2
    valid(last == 0 and leaf == root)

def assert_consistent(older, newer, hashes):
    """RFC 9162, 2.1.4.2; each tree as (size, root)"""
    valid = lambda holds: need(holds, "log_proof_invalid")
    valid(0 < older[0] < newer[0] and all(len(one) == 32 for one in hashes))
    path = [older[1], *hashes] if older[0] & (older[0] - 1) == 0 else hashes
    valid(path)
    node, last = older[0] - 1, newer[0] - 1
    while node % 2: node, last = node // 2, last // 2
    first = second = path[0]
    for one in path[1:]:
        valid(last > 0)
        if node % 2 or node == last:
            first, second = sha256(b"\1", one, first), sha256(b"\1", one, second)
            while node and node % 2 == 0: node, last = node // 2, last // 2
        else: second = sha256(b"\1", second, one)
        node, last = node // 2, last // 2
    valid(last == 0 and (first, second) == (older[1], newer[1]))

def decide_evidence(v):
    first, second, text = [*v["evidence"], "", "", ""][:3]
    key = binary(v["log"]["pubkey_b64"])
    older, newer = sorted([open_checkpoint(note, v["log"]["origin"], key) for note in (first, second)], key=lambda head: head[0])
    begin = newer[1]
    if older[0] < newer[0]:
        proof = parse(text)
        need(isinstance(proof, dict) and isinstance(proof.get("root_hash"), str))
        begin = binary(proof["root_hash"])
        assert_consistent((older[0], begin), newer, read_hashes(proof))
    need(begin != older[1], "log_proof_invalid")
    return {"accepted": True}
