# SPDX-License-Identifier: MIT
"""
The control API's real answers, held against its description by a validator
that is not ours. usage: openapi.py CONTROL_URL SERIAL

Each call of the list below is made, and its status, media type and document
must be among those that /openapi.json has for its resource. At the end each
status that the description names for a resource must have been seen, so that
whoever describes a new one adds the call that provokes it. SERIAL is that of a
certificate that the server has issued.
"""
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

from jsonschema import Draft202012Validator, RefResolver

URL, SERIAL = sys.argv[1:3]
METHODS = ("get", "put", "post", "patch", "delete")

# Method, target, body (None: none; text, or what becomes JSON), status.
CALLS = [
    ("GET", "/v1/live", None, 200),
    ("GET", "/v1/ready", None, 200),
    ("GET", "/s/nobody/v1/ready", None, 404),
    ("GET", "/v1/info", None, 200),
    ("GET", "/x/ra-expired/v1/info", None, 200),
    ("GET", "/v1/info?site=nowhere", None, 404),
    ("GET", "/openapi.json", None, 200),
    ("GET", "/schema/scenario-1.json", None, 200),
    ("GET", "/metrics", None, 200),
    # ---- the model ----
    ("GET", "/v1/host", None, 200),
    ("GET", "/v1/host?view=in-force&site=x/ra-expired", None, 200),
    ("GET", "/x/ra-expired/v1/host", None, 200),
    ("GET", "/v1/host?view=sideways", None, 400),
    ("GET", "/v1/host?site=nowhere", None, 404),
    ("PATCH", "/v1/host", {"rights": {"impersonate": False}}, 200),
    ("PATCH", "/v1/host", {"rights": {"impersonate": True}}, 200),
    ("PATCH", "/v1/host", {"rihgts": {}}, 400),
    ("PATCH", "/v1/host", "{\n  \"ca\": }", 400),
    ("PATCH", "/v1/host", "", 400),
    ("PATCH", "/v1/host?site=nowhere", {}, 404),
    ("POST", "/v1/restart/computer", None, 200),
    ("POST", "/v1/restart/nothing", None, 404),
    # ---- scenarios ----
    ("GET", "/v1/scenarios", None, 200),
    ("GET", "/v1/scenario", None, 200),
    ("GET", "/v1/scenario?site=nowhere", None, 404),
    ("PUT", "/v1/scenario?name=healthy&ttl=1h", None, 200),
    ("PUT", "/v1/scenario?name=helthy", None, 404),
    ("PUT", "/v1/scenario", "mockndes: 1\nname: x\nhost: { ca: { runing: true } }\n", 400),
    ("PUT", "/v1/scenario", {"mockndes": 1, "name": "described", "title": "For a test"}, 200),
    ("DELETE", "/v1/scenario", None, 200),
    ("DELETE", "/v1/scenario?site=nowhere", None, 404),
    ("POST", "/v1/scenario/check", "mockndes: 1\nname: x\n", 200),
    ("POST", "/v1/scenario/check", "mockndes: 2\n", 400),
    ("POST", "/v1/scenario/check?name=helthy", None, 404),
    # ---- rules ----
    ("POST", "/v1/rules", "- id: a\n  when: { path: /none }\n  chance: 50%\n  then: { hang: true }\n", 201),
    ("POST", "/v1/rules?before=a&ttl=1h", {"id": "b", "when": {"path": "/none"}, "then": {"hang": True}}, 201),
    ("POST", "/v1/rules", {"id": "b", "when": {"path": "/none"}, "then": {"hang": True}}, 409),
    ("POST", "/v1/rules", {"id": "c", "then": {"hag": True}}, 400),
    ("POST", "/v1/rules?before=nothing", {"id": "c", "then": {"hang": True}}, 404),
    ("GET", "/v1/rules", None, 200),
    ("GET", "/v1/rules?site=nowhere", None, 404),
    ("GET", "/v1/rules/a", None, 200),
    ("GET", "/v1/rules/nothing", None, 404),
    ("PATCH", "/v1/rules/a", {"enabled": False}, 200),
    ("PATCH", "/v1/rules/a", {"when": {"path": "/none"}, "then": {"reply": {"status": 504}}}, 200),
    ("PATCH", "/v1/rules/a", {"id": "other", "then": {"hang": True}}, 400),
    ("PATCH", "/v1/rules/nothing", {"enabled": True}, 404),
    ("DELETE", "/v1/rules/a", None, 204),
    ("DELETE", "/v1/rules/a", None, 404),
    # ---- clock ----
    ("PUT", "/v1/clock?ttl=1h", {"offset": "30d"}, 200),
    ("PUT", "/v1/clock", {"frozen": "2030-01-01T00:00:00Z"}, 200),
    ("PUT", "/v1/clock", {"frozen": False, "offset": 0}, 200),
    ("PUT", "/v1/clock", {"offset": -3600}, 200),
    ("PUT", "/v1/clock", {"offset": 0}, 200),
    ("PUT", "/v1/clock", {"offset": "soon"}, 400),
    ("PUT", "/v1/clock?site=nowhere", {"offset": 0}, 404),
    ("GET", "/v1/clock", None, 200),
    ("GET", "/v1/clock?site=nowhere", None, 404),
    # ---- sessions ----
    ("POST", "/v1/sessions", {"scenario": "pool-stopped", "seed": 7, "ttl": "1h", "challenge": "Mine"}, 201),
    ("POST", "/v1/sessions", None, 201),
    ("POST", "/v1/sessions", {"scenario": "pool-stoped"}, 404),
    ("POST", "/v1/sessions", {"ttl": 600}, 201),
    ("POST", "/v1/sessions", {"ttl": "soon"}, 400),
    ("GET", "/v1/sessions", None, 200),
    ("GET", lambda: "/v1/sessions/" + a_session(), None, 200),
    ("GET", "/v1/sessions/nothing", None, 404),
    ("DELETE", lambda: "/v1/sessions/" + a_session(), None, 204),
    ("DELETE", "/v1/sessions/nothing", None, 404),
    ("DELETE", "/v1/sessions", None, 204),
    # ---- certificates ----
    ("GET", "/v1/ca/root.pem", None, 200),
    ("GET", "/v1/ca/issuing.der", None, 200),
    ("GET", "/v1/ca/chain.der", None, 200),
    ("GET", "/v1/ca/chain.pem?site=x/ra-expired", None, 200),
    ("GET", "/v1/ca/root.key", None, 403),
    ("GET", "/v1/ca/chain.key", None, 404),
    ("GET", "/v1/ca/stranger.pem", None, 404),
    ("GET", "/v1/certificates", None, 200),
    ("GET", "/v1/certificates?state=good&limit=1&subject=Probe", None, 200),
    ("GET", "/v1/certificates?state=bad", None, 400),
    ("GET", "/v1/certificates?limit=many", None, 400),
    ("GET", "/v1/certificates?site=nowhere", None, 404),
    ("GET", "/v1/certificates/" + SERIAL + ".pem", None, 200),
    ("GET", "/v1/certificates/" + SERIAL + ".der", None, 200),
    ("GET", "/v1/certificates/00ff.pem", None, 404),
    ("POST", "/v1/certificates/" + SERIAL + "/revoke", {"reason": "bored"}, 400),
    ("POST", "/v1/certificates/" + SERIAL + "/revoke", {"reason": "keyCompromise"}, 200),
    ("POST", "/v1/certificates/" + SERIAL + "/revoke", None, 200),
    ("POST", "/v1/certificates/zz/revoke", None, 404),
    ("GET", "/v1/certificates?state=revoked", None, 200),
    # ---- challenges ----
    ("POST", "/v1/challenges", None, 201),
    ("POST", "/v1/challenges", {"ttl": "10m", "static": True}, 201),
    ("POST", "/v1/challenges", {"ttl": 10}, 201),
    ("POST", "/v1/challenges", {"ttl": 0}, 400),
    ("POST", "/v1/challenges", {"ttl": 1.5}, 400),
    ("POST", "/v1/challenges?site=nowhere", None, 404),
    ("GET", "/v1/challenges", None, 200),
    ("GET", "/v1/challenges?site=nowhere", None, 404),
    # ---- evidence ----
    ("GET", "/v1/evidence/iis", None, 200),
    ("GET", "/v1/evidence/httperr", None, 200),
    ("GET", "/v1/evidence/events?format=xml", None, 200),
    ("GET", "/v1/evidence/mscep", None, 200),
    ("GET", "/v1/evidence/ndesplugin?site=x/ra-expired", None, 200),
    ("GET", "/v1/evidence/iis?format=xml", None, 400),
    ("GET", "/v1/evidence/setup", None, 404),
    # ---- the journal ----
    ("GET", "/v1/requests", None, 200),
    ("GET", "/v1/requests?op=PKIOperation&status=over:199&limit=1", None, 200),
    ("GET", "/v1/requests?opp=browse", None, 400),
    ("GET", "/v1/requests?site=nowhere", None, 404),
    ("GET", lambda: "/v1/requests/" + a_message(), None, 200),
    ("GET", "/v1/requests/999999", None, 404),
    ("GET", lambda: "/v1/requests/" + a_message() + "/explain", None, 200),
    ("GET", lambda: "/v1/requests/" + a_message() + "/explain?format=text", None, 200),
    ("GET", lambda: "/v1/requests/" + a_message() + "/explain?format=song", None, 400),
    ("GET", "/v1/requests/x/explain", None, 404),
    ("GET", lambda: "/v1/requests/" + a_message() + "/message", None, 200),
    ("GET", "/v1/requests/999999/message", None, 404),
    ("GET", lambda: "/v1/requests/" + a_message() + "/reply", None, 200),
    ("GET", "/v1/requests/999999/reply", None, 404),
    ("GET", lambda: "/v1/requests/" + a_message() + "/csr", None, 200),
    ("GET", "/v1/requests/999999/csr", None, 404),
    ("GET", lambda: "/v1/requests/" + a_message() + "/csr.pem", None, 200),
    ("GET", "/v1/requests/999999/csr.pem", None, 404),
    ("GET", "/v1/requests/wait?op=PKIOperation&timeout=10s", None, 200),
    ("GET", "/v1/requests/wait?op=PKIOperation&timeout=10", None, 200),
    ("GET", "/v1/requests/wait?op=PKIOperation&count=9999&timeout=50ms", None, 408),
    ("GET", "/v1/requests/wait?state=gone", None, 400),
    ("GET", "/v1/requests/wait?site=nowhere", None, 404),
    ("POST", "/v1/verify?client=succeeded", {"expect": [{"client": "succeeds"}]}, 200),
    ("POST", "/v1/verify?format=text", {"expect": [{"never": {"op": "PKIOperation"}}]}, 409),
    ("POST", "/v1/verify?format=junit", "expect:\n  - requests: { op: PKIOperation }\n", 200),
    ("POST", "/v1/verify", [{"requests": {"op": "PKIOperation"}}], 200),
    ("POST", "/v1/verify", "# a list\n- never: {op: PKIOperation}\n", 409),
    ("POST", "/v1/verify", {"expect": [{"never": {"user_agent": "mockndes"}}]}, 200),
    ("POST", "/v1/verify", {"mockndes": 1, "expect": []}, 200),
    ("POST", "/v1/verify", {"expect": [{"client": "sings"}]}, 400),
    ("POST", "/v1/verify?site=nowhere", None, 404),
    ("DELETE", "/v1/requests?op=GetCACaps", None, 400),
    ("DELETE", "/v1/requests", None, 204),
    ("DELETE", "/v1/requests?site=nowhere", None, 404),
    # ---- reset ----
    ("POST", "/v1/reset?only=counters,clock", None, 200),
    ("POST", "/v1/reset?only=everything", None, 400),
    ("POST", "/v1/reset?onyl=journal", None, 400),
    ("POST", "/v1/reset", {"only": ["journal"]}, 400),
    ("POST", "/v1/reset?only=clock", {}, 200),
    ("POST", "/v1/reset?site=nowhere", None, 404),
    ("POST", "/v1/reset", None, 200),
    # ---- the stream ----
    ("GET", "/v1/stream", None, 200),
    ("GET", "/v1/stream?op=PKIOperation&status=over:399", None, 200),
    ("GET", "/v1/stream?status=many", None, 400),
    ("GET", "/v1/stream?site=nowhere", None, 404),
    # ---- mistakes that belong to no resource ----
    ("GET", "/v1/nothing", None, 404),
    ("POST", "/v1/live", None, 405),
    # ---- the end ----
    ("POST", "/v1/shutdown", None, 202),
]

passed = failed = 0


def ok(sentence, holds, why=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print("FAILED:", sentence, why)


def call(method, target, body, headers=()):
    """Status, headers and body of an answer; a stream's first piece."""
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
    request = urllib.request.Request(
        URL + target, None if body is None else body.encode(), method=method
    )
    for name, value in headers:
        request.add_header(name, value)
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as e:
        answer = e
    with answer:
        if answer.headers.get_content_type() == "text/event-stream":
            return answer.status, answer.headers, answer.readline()
        return answer.status, answer.headers, answer.read()


def a_session():
    return json.loads(call("GET", "/v1/sessions", None)[2])["sessions"][0]["id"]


def a_message():
    """The number of an entry that brought a message."""
    answer = call("GET", "/v1/requests?op=PKIOperation", None)[2]
    return str(json.loads(answer)["requests"][0]["id"])


def follow(document, node):
    while "$ref" in node:
        at = document
        for part in node["$ref"].lstrip("#/").split("/"):
            at = at[part]
        node = at
    return node


def resources(document):
    """(path, method, operation) of all."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def pattern(path):
    return re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$")


def find(document, method, target):
    """The operation that a target means: of those that match, the one with the fewest parameters."""
    path = target.split("?")[0]
    path = re.sub(r"^/[sx]/.*?(?=/v1/)", "", path)
    best = None
    for p, m, operation in resources(document):
        if m == method.lower() and pattern(p).match(path):
            if best is None or p.count("{") < best[0].count("{"):
                best = p, m, operation
    return best


def schemas(node):
    """Every schema below a node of the description."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield value
            elif key == "schemas":
                yield from value.values()
            else:
                yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def check_description(document):
    ok("the description is OpenAPI 3.1", document["openapi"].startswith("3.1."))
    for schema in schemas(document):
        Draft202012Validator.check_schema(schema)
    for r in references(document):
        try:
            follow(document, {"$ref": r})
        except KeyError:
            ok("every reference leads somewhere", False, r)
    ids = [o["operationId"] for _, _, o in resources(document)]
    ok("every operation has an id of its own", len(ids) == len(set(ids)))
    for path, method, operation in resources(document):
        parameters = [follow(document, p) for p in operation.get("parameters", [])]
        named = sorted(p["name"] for p in parameters if p["in"] == "path")
        ok(
            "the parameters of the path are described",
            named == sorted(re.findall(r"\{([^}]*)\}", path)),
            method + " " + path,
        )


def check_answer(document, method, target, body, wanted):
    name = "%s %s" % (method, target)
    status, headers, text = call(method, target, body)
    ok("%s is answered %d" % (name, wanted), status == wanted, (status, text[:300]))
    found = find(document, method, target)
    if found is None:
        problem = document["components"]["responses"]["Problem"]
        responses = {"default": problem}
    else:
        responses = found[2]["responses"]
    response = responses.get(str(status), responses.get("default"))
    content = follow(document, response).get("content", {})
    kind = headers.get_content_type()
    if not content:
        ok("%s: no body where none is described" % name, text == b"", text[:100])
        return found, status
    ok("%s has a media type of the description" % name, kind in content, kind)
    schema = content.get(kind, {}).get("schema")
    if kind.endswith("json") and schema is not None:
        resolver = RefResolver("", document)
        validator = Draft202012Validator(schema, resolver=resolver)
        errors = list(validator.iter_errors(json.loads(text)))
        ok(
            "%s %d is as described" % (name, status),
            not errors,
            "; ".join(
                "/".join(map(str, e.absolute_path)) + ": " + e.message[:300]
                for e in errors[:3]
            ),
        )
    return found, status


def main():
    document = json.loads(call("GET", "/openapi.json", None)[2])
    check_description(document)
    seen = set()
    for method, target, body, status in CALLS:
        if callable(target):
            target = target()
        found, got = check_answer(document, method, target, body, status)
        if found is not None:
            seen.add((found[0], found[1], str(got)))
    for path, method, operation in resources(document):
        for status in operation["responses"]:
            if status != "default":
                ok(
                    "%s %s %s is provoked" % (method.upper(), path, status),
                    (path, method, status) in seen,
                )
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


sys.exit(main())
