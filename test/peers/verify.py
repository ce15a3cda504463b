"""Decides every vector with Python and `cryptography` alone: python3 verify.py VECTOR_DIRECTORY (see docs/protocol/)"""
import base64, json, pathlib, sys
from envelope import Envelope, by_id
from frames import decide_frame
from log import decide_evidence, decide_log
from reading import Refused, assert_shape, canonical, is_at_least, key_id, need, parse, unix_ms

# trust-list.md
def decide_trust(v, text, now, previous=None):
    e, roots = Envelope(text, "trust"), by_id(v["roots"])
    need(len(e.signers(roots)) >= v["threshold"], "bad_signature")
    assert_shape(e.document, "shape", "trust")
    trust, new = e.document, by_id(o["pubkey_b64"] for o in e.document.get("root_keys", []))
    need(("threshold" in trust) == ("root_keys" in trust) and trust.get("threshold", 0) <= len(new))
    valid, push = ({o["key_id"] for o in trust.get(name, [])} for name in ("valid_keys", "push_keys"))
    log = {trust["log"]["key_id"]} if "log" in trust else set()
    need(not (valid | push | log) & {*roots, *new} and not valid & push and not log & (valid | push))
    need(len(e.signers(new)) >= trust.get("threshold", 0), "root_not_trusted")
    claimed = [i for i in {**roots, **new} if e.listed and e.listed.get(i) == e.main]
    need(not claimed or e.signers({i: {**roots, **new}[i] for i in claimed}), "bad_signature")
    version, same = trust["trust_version"], previous and (trust["trust_version"], e.digest) == (previous["version"], previous["digest"])
    need(not previous or same or version > previous["version"], "trust_replayed")
    need(unix_ms(trust["expires_at"]) > now, "trust_expired")
    return trust, {"version": version, "digest": e.digest}

# manifest.md
def decide_manifest(v):
    trust, _ = decide_trust(v, v["trust"], v["now"])
    e = Envelope(v["envelope"], "manifest")
    assert_shape(e.document, "shape", "manifest")
    m, now, files = e.document, v["now"], e.document.get("artifacts", [])
    need(not files or any(all(f[n] == m[n] for n in ("sha256", "size_bytes", "url")) for f in files))
    need(m["project"] == v["project"], "wrong_project")
    need(m.get("channel", "stable") == v["channel"], "wrong_channel")
    revoked, known = {o["key_id"] for o in trust["revoked_keys"]}, {o["key_id"]: o for o in trust["valid_keys"]}
    need(m["key_id"] not in revoked, "key_revoked")
    need(m["key_id"] in known, "key_unknown")
    in_scope = {i for i, o in known.items() if {"*", "project:" + v["project"]} & set(o["scope"])}
    in_window = {i for i, o in known.items() if is_in_window(o, now)}
    need(m["key_id"] in in_scope, "key_out_of_scope")
    need(m["key_id"] in in_window, "key_not_in_window")
    is_named = e.listed is None or e.listed.get(m["key_id"]) == e.main
    need(is_named and e.signers(by_id([known[m["key_id"]]["pubkey_b64"]])), "bad_signature")
    rule = next((o for o in trust.get("projects", []) if o["project"] == m["project"]), {"approvals": 0, "counter_epoch": 0})
    usable = (in_scope & in_window) - revoked
    maintainers = by_id(known[i]["pubkey_b64"] for i in usable if known[i]["custody"] == "maintainer")
    need(len(e.signers(maintainers)) >= rule["approvals"], "bad_signature")
    need("expires_at" not in m or unix_ms(m["expires_at"]) > now, "manifest_stale")
    need(-86_400_000 <= now - unix_ms(m["signed_at"]) <= (v["max_age_ms"] or now), "manifest_stale")
    epoch, seen = m.get("counter_epoch", 0), v["previous"]
    need(epoch == rule["counter_epoch"], "manifest_replayed")
    same = seen and (epoch, m["counter"], e.digest) == (seen["epoch"], seen["counter"], seen["digest"])
    need(not seen or same or (epoch, m["counter"]) > (seen["epoch"], seen["counter"]), "manifest_replayed")
    if v["installed_version"] and "min_version" in m: need(is_at_least(v["installed_version"], m["min_version"]), "version_unsupported")
    return {"version": m["version"], "counter": m["counter"], "digest": e.digest}

# catalogue.md
def decide_catalogue(v):
    trust, _ = decide_trust(v, v["trust"], v["now"])
    e = Envelope(v["envelope"], None)
    assert_shape(e.document, "shape", "catalogue")
    c, now, known = e.document, v["now"], {o["key_id"]: o for o in trust["valid_keys"]}
    envelopes = [entry_envelope(entry["signature"]) for entry in c["modules"] if "signature" in entry]
    need(c["collection"]["slug"] == v["collection"], "wrong_collection")
    need(c["key_id"] not in {o["key_id"] for o in trust["revoked_keys"]}, "key_revoked")
    need(c["key_id"] in known, "key_unknown")
    need({"*", "collection:" + v["collection"]} & set(known[c["key_id"]]["scope"]), "key_out_of_scope")
    need(is_in_window(known[c["key_id"]], now), "key_not_in_window")
    is_named = e.listed is None or e.listed.get(c["key_id"]) == e.main
    need(is_named and e.signers(by_id([known[c["key_id"]]["pubkey_b64"]])), "bad_signature")
    need(unix_ms(c["expires_at"]) > now and unix_ms(c["issued_at"]) <= now + 86_400_000, "catalogue_stale")
    epoch, seen = c.get("counter_epoch", 0), v["previous"]
    rule = next((o for o in trust.get("projects", []) if o["project"] == v["collection"]), {"counter_epoch": 0})
    need(epoch == rule["counter_epoch"], "catalogue_replayed")
    same = seen and (epoch, c["version"], e.digest) == (seen["epoch"], seen["version"], seen["digest"])
    need(not seen or same or (epoch, c["version"]) > (seen["epoch"], seen["version"]), "catalogue_replayed")
    for entry in c["modules"]: decide_entry(v, entry)
    return {"version": c["version"], "digest": e.digest}

def entry_envelope(s):
    text = canonical({"manifest": s["manifest"], "signature": s["sig"], "signatures": s.get("signatures", [{"key_id": s["key_id"], "sig": s["sig"]}])}).decode()
    e = Envelope(text, "manifest")
    need(s["manifest"]["key_id"] == s["key_id"] and e.listed.get(s["key_id"]) == e.main)
    return text

def decide_entry(v, entry):
    need("signature" in entry, "entry_unsigned")
    none = {"previous": None, "installed_version": None, "max_age_ms": None}
    decide_manifest({**v, **none, "envelope": entry_envelope(entry["signature"]), "project": entry["slug"], "channel": "stable"})
    m = entry["signature"]["manifest"]
    outer = [entry[name] for name in ("current_version", "sha256", "size_bytes")]
    need(outer == [m["version"], m["sha256"], m["size_bytes"]] and entry["download_url"] in (m["url"], v["base"] + m["url"]), "entry_mismatch")

def is_in_window(o, now):
    return ("not_before" not in o or unix_ms(o["not_before"]) <= now) and ("not_after" not in o or now < unix_ms(o["not_after"]))

def decide_logged(v):
    trust, _ = decide_trust(v, v["trust"], v["now"])
    decided = decide_manifest({**v, "previous": None, "installed_version": None, "max_age_ms": None})
    return decide_log(v, trust, parse(v["envelope"])["manifest"], decided["digest"])

def decide_file(v):
    data = base64.b64decode(v["bytes_b64"])
    need(len(data) == v["size_bytes"], "size_mismatch")
    need(key_id(data) == v["sha256"], "digest_mismatch")
    return True

deciders = {
    "canonical-json": lambda v: {"canonical": canonical(parse(v["text"])).decode()},
    "trust-list": lambda v: {"accepted": decide_trust(v, v["envelope"], v["now"], v["previous"])[1]},
    "manifest": lambda v: {"accepted": decide_manifest(v)},
    "catalogue": lambda v: {"accepted": decide_catalogue(v)},
    "frame": lambda v: decide_frame(v, decide_trust(v | {"threshold": 1}, v["trust"], v["now"])[0]),
    "log": lambda v: {"accepted": decide_logged(v)},
    "log-evidence": decide_evidence,
    "file": lambda v: {"accepted": decide_file(v)},
}
wrong = total = 0
for name, decide in deciders.items():
    for v in json.loads((pathlib.Path(sys.argv[1]) / f"{name}.json").read_text("utf-8")):
        try: outcome = decide(v)
        except Refused as refused: outcome = {"refused": refused.args[0], **dict(zip(["reason"], refused.args[1:]))}
        # Which of the three codes of a bad shape is told apart for people only.
        expected = {"refused": "malformed"} if v["expect"].get("refused") in ("not_canonical", "too_large") else v["expect"]
        total, wrong = total + 1, wrong + (outcome != expected)
        if outcome != expected: print(f"{name}: {v['name']}: expected {expected}, got {outcome}")
print(f"{total - wrong} of {total} vectors agree")
sys.exit(1 if wrong else 0)
