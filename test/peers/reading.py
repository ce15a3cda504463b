"""Reads what verify.py decides on: canonical JSON, the shapes of shapes.json, bytes, times, versions."""
import base64, hashlib, json, pathlib, re, sys
from datetime import datetime, timezone

shapes = json.loads((pathlib.Path(sys.argv[1]) / "shapes.json").read_text("utf-8"))

NUMBER_KEY = r"[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\r\v\f]*"

class Refused(Exception):
    pass

def need(holds, code="malformed"):
    if not holds: raise Refused(code)

def assert_signable(value, depth=0):
    need(depth <= 32 and not isinstance(value, float))
    if type(value) is int: need(abs(value) < 2**53)
    if isinstance(value, str): need(not re.search("[\u2028\u2029\ud800-\udfff]", value))
    if isinstance(value, dict): need(value and not any(re.fullmatch(NUMBER_KEY, key) for key in value))
    for item in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []:
        assert_signable(item, depth + 1)

def parse(text):
    def build(pairs):
        need(len(dict(pairs)) == len(pairs))
        return dict(pairs)
    def integer(digits):
        need(digits != "-0" and len(digits) < 18)
        return int(digits)
    try: value = json.loads(text, object_pairs_hook=build, parse_int=integer, parse_constant=lambda _: need(False))
    except ValueError: raise Refused("malformed")
    assert_signable(value)
    return value

def canonical(value): return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

def assert_shape(value, kind, *rule):
    if kind == "integer": need(type(value) is int and value >= rule[0])
    elif kind == "equals": need(type(value) is int and value == rule[0])
    elif kind == "text": need(isinstance(value, str) and len(value) <= rule[1] and re.fullmatch(rule[0], value))
    elif kind == "time": unix_ms(value)
    elif kind == "public_key": assert_public_key(value)
    elif kind == "path": assert_path(value, *rule)
    elif kind == "address": assert_shape(value, *(["path", *rule] if str(value).startswith("/") else shapes["module"]["info_url?"]))
    elif kind == "each": assert_each(value, *rule)
    elif kind == "map": assert_map(value, *rule)
    else: assert_members(value, *rule)

def assert_members(value, name):
    need(isinstance(value, dict))
    for member, rule in shapes[name].items():
        if not member.endswith("?") or member[:-1] in value: assert_shape(value.get(member.rstrip("?")), *rule)
    if "public_key" in shapes[name].get("pubkey_b64", ()): need(key_id(binary(value["pubkey_b64"])) == value["key_id"])

def assert_each(value, rule, unique, most=None):
    need(isinstance(value, list) and (most is None or len(value) <= most))
    for item in value: assert_shape(item, *rule)
    if unique: need(len({item[unique] for item in value}) == len(value))

def assert_map(value, keys, most):
    need(isinstance(value, dict))
    for key, text in value.items():
        need(re.fullmatch(keys, key))
        assert_shape(text, "text", r"[\s\S]*", most)

def assert_path(value, most):
    assert_shape(value, "text", r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+", most)
    need(not re.search(r"/(\.|%2e){1,2}(/|$)|%(2f|5c|00)", value, re.I))

def unix_ms(value):
    assert_shape(value, "text", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", 40)
    try: whole = datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError: raise Refused("malformed")
    fraction = re.search(r"\.(\d+)", value)
    return int(whole.timestamp()) * 1000 + (int(fraction[1].ljust(3, "0")[:3]) if fraction else 0)

def binary(text):
    try: raw = base64.b64decode(text, validate=True)
    except ValueError: raise Refused("malformed")
    need(base64.b64encode(raw).decode() == text)
    return raw

P = 2**255 - 19
ORDER_8 = ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
SMALL_ORDER = {0, 1, P - 1, *(int.from_bytes(bytes.fromhex(y), "little") for y in ORDER_8)}

def y_of(point): return int.from_bytes(point[:32], "little") % 2**255

def assert_public_key(text):
    assert_shape(text, "text", "[A-Za-z0-9+/]{43}=", 44)
    need(y_of(binary(text)) < P and y_of(binary(text)) not in SMALL_ORDER)

def key_id(raw): return hashlib.sha256(raw).hexdigest()

def is_at_least(version, minimum):
    """Semantic versions; pre-releases come before their release, and are compared as a whole here."""
    left, right = (re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(?:-(.+))?", text) for text in (version, minimum))
    rank = lambda m: (*map(int, m.group(1, 2, 3)), m[4] is None, m[4] or "")
    return bool(version == minimum or (left and right and rank(left) >= rank(right)))
