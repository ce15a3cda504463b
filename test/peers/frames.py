"""Signed frames for verify.py (docs/protocol/frame.md): keys, the window, signatures, payloads, chains."""
import base64, hashlib, hmac, re
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from reading import SMALL_ORDER, Refused, assert_shape, binary, canonical, key_id, need, parse, unix_ms, y_of

NAME = r"(?=.{1,64}\Z)[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*"
RELEASE, SHA = ("project version", "channel counter sha256"), "[0-9a-f]{64}"
TYPES = {**{f"release.{act}": ("releases", *RELEASE) for act in ("activated", "withdrawn", "quarantined")},
         "trust.updated": ("trust", "trust_version sha256", ""), "client.subscribe": ("session.", "channels", ""),
         "heartbeat": ("", None, ""), "snapshot": ("", "oldest", "")}
TEXTS = {"project": "[a-z0-9][a-z0-9-]{1,48}[a-z0-9]", "version": "[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}", "channel": "[a-z][a-z0-9-]{0,29}", "sha256": SHA}

def is_ed25519(public, sig, message):
    if len(sig) != 64 or y_of(sig) in SMALL_ORDER: return False
    try: Ed25519PublicKey.from_public_bytes(public).verify(sig, message)
    except InvalidSignature: return False
    return True

def open_channel_key(text, trust, now):
    envelope = parse(text)
    document, revoked = envelope["channel_key"], {o["key_id"] for o in trust["revoked_keys"]}
    push = {o["key_id"]: o for o in trust.get("push_keys", []) if o["key_id"] not in revoked}.get(envelope["key_id"])
    need(push and document["type"] == "signpost.channel-key" and document["version"] == 1)
    need(is_ed25519(binary(push["pubkey_b64"]), binary(envelope["sig"]), b"signpost channel key v1:" + canonical(document)))
    start, end, raw = unix_ms(document["not_before"]), unix_ms(document["not_after"]), binary(document["pubkey_b64"])
    need(unix_ms(push.get("not_before", document["not_before"])) <= start < end <= unix_ms(push.get("not_after", document["not_after"])))
    need(end - start <= 3_600_000 and end > now and key_id(raw)[:32] == document["kid"])
    return document["kid"], (start, end, document["channels"], lambda sig, message: is_ed25519(raw, sig, message))

def open_keys(v, trust):
    keys = {o["kid"]: (o["not_before"], o["not_after"], o["channels"], check_mac(binary(o["secret_b64"]))) for o in v["session_keys"]}
    for text in v["channel_keys"]:
        try: keys.update([open_channel_key(text, trust, v["now"])])
        except Refused: pass
    return keys

def check_mac(secret): return lambda sig, message: hmac.compare_digest(sig, hmac.digest(secret, message, "sha256"))

def read(text):
    need(len(text.encode()) <= 2048)
    frame = parse(text)
    need(isinstance(frame, dict) and sorted(frame) == ["kid", "nonce", "payload", "sig", "ts"] and canonical(frame).decode() == text)
    assert_shape(frame["kid"], "text", r"[0-9a-f]{32}|s_[A-Za-z0-9_-]{16,62}", 64)
    assert_shape(frame["ts"], "integer", 0)
    need(len(octets(frame["nonce"])) == 32 and len(octets(frame["sig"])) in (32, 64))
    payload = frame["payload"]
    need(isinstance(payload, dict) and {*payload} | {"data"} == {"channel", "data", "epoch", "prev", "sequence", "type", "version"})
    need(len(canonical(payload)) <= 1024 and payload["version"] == 1 and isinstance(payload.get("data", {}), dict))
    for member, pattern in (("channel", NAME), ("type", NAME), ("epoch", "[0-9a-f]{16}")): assert_shape(payload[member], "text", pattern, 64)
    assert_shape(payload["sequence"], "integer", 0 if is_head(payload) else 1)
    need(len(octets(payload["prev"])) == 32 and not re.search(r'"(__proto__|constructor|prototype)":', canonical(payload).decode()))
    return frame

def octets(text):
    assert_shape(text, "text", "[A-Za-z0-9+/=]*", 88)
    return binary(text)

def is_head(payload): return payload["type"] in ("heartbeat", "snapshot")

def signed(frame): return f"{frame['kid']}:{frame['ts']}:{frame['nonce']}:".encode() + canonical(frame["payload"])

def hash_of(frame): return base64.b64encode(hashlib.sha256(signed(frame)).digest()).decode()

def assert_payload(payload):
    """Whether the type is known; its data must be what the type says."""
    kind, data = payload["type"], payload.get("data")
    if kind.startswith("app."): return need(payload["channel"].startswith("app.")) or True
    if kind not in TYPES: return False
    channel, required, optional = TYPES[kind]
    need(not channel or (payload["channel"].startswith(channel) if channel.endswith(".") else payload["channel"] == channel))
    if required is None: return need(data is None) or True
    need(data is not None and all(name in data for name in required.split()))
    for name in {*required.split(), *optional.split()} & {*data}:
        if name in TEXTS: assert_shape(data[name], "text", TEXTS[name], 64)
        elif name == "channels": need(isinstance(data[name], list) and 0 < len(data[name]) <= 16)
        else: assert_shape(data[name], "integer", 1)
    return True

def told(reason, check, *given):
    try: return check(*given)
    except (Refused, KeyError): raise Refused("frame_refused", reason)

def verify(text, keys, seen, now):
    frame = told("malformed", read, text)
    refuse = lambda holds, reason: need(holds) if holds else told(reason, need, False)
    refuse(frame["kid"] in keys, "key_unknown")
    start, end, channels, is_signature = keys[frame["kid"]]
    refuse(start - 5000 <= now < end, "key_not_in_window")
    refuse({"*", frame["payload"]["channel"]} & {*channels}, "wrong_channel")
    refuse(-5000 <= now - frame["ts"] <= 5000, "clock_skew")
    refuse((frame["kid"], frame["nonce"]) not in seen, "replayed")
    refuse(is_signature(binary(frame["sig"]), signed(frame)), "bad_signature")
    seen.add((frame["kid"], frame["nonce"]))
    return frame, told("payload_invalid", assert_payload, frame["payload"])

def decide_frame(v, trust):
    keys, seen = open_keys(v, trust), set()
    for text in v["seen"]: verify(text, keys, seen, v["now"])
    head, known = verify(v["frames"][-1], keys, seen, v["now"])
    payload = head["payload"]
    named, sequence = payload["prev"], payload["sequence"] - (not is_head(payload))
    for text in reversed(v["frames"][:-1]):
        frame = told("chain_broken", read, text)
        same = all(frame["payload"][name] == payload[name] for name in ("channel", "epoch"))
        told("chain_broken", need, same and not is_head(frame["payload"]) and (hash_of(frame), frame["payload"]["sequence"]) == (named, sequence))
        told("chain_broken", assert_payload, frame["payload"])
        named, sequence = frame["payload"]["prev"], sequence - 1
    last = payload["prev"] if is_head(payload) else hash_of(head)
    return {"accepted": {"channel": payload["channel"], "sequence": payload["sequence"], "hash": last, "known": known}}
