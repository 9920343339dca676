"""parties - phones in calls, served by hand: who speaks to whom

A test steps through what matters; settle() answers the rest (re-INVITE, BYE,
NOTIFY ...) as any phone does, until a claim is true.  to and way of a phone
are where the other side wants its speech.
"""
import re, time
from harness import wait
from sipua import Call, Timeout, sdp

MIRROR = {"sendonly": "recvonly", "inactive": "inactive"}


def learn(p, body):
    """Where the other side wants our speech, and which way"""
    if not body:
        return
    p.to = int(re.search(r"m=audio (\d+)", body)[1])
    way = re.search(r"a=(sendrecv|sendonly|recvonly|inactive)", body)
    p.way = way[1] if way else "sendrecv"


def serve(p):
    """Answer what comes inside calls as any phone does; the request"""
    try:
        m = p.next(lambda m: m.is_request and m.method != "CANCEL" and
                   (m.method != "INVITE" or m.to_tag), 0.01)
    except Timeout:
        return None
    c, body = Call.of_invite(p, m), ""
    if m.method in ("INVITE", "ACK"):
        learn(p, m.body)
    if m.method == "INVITE":
        body = sdp(p.port, MIRROR.get(p.way, "sendrecv") if m.body
                   else "sendrecv", version=int(time.time() * 1000))
    if m.method != "ACK":
        c.reply(200, "OK", to=m, body=body)
    p.__dict__.setdefault("seen", []).append(m)
    return m


def settle(truth, *phones, limit=5):
    """Serve them until it is so"""
    end = time.monotonic() + limit
    while not truth():
        for p in phones:
            serve(p)
        assert time.monotonic() < end, [
            (p.user, p.port, p.__dict__.get("to"), p.__dict__.get("way"),
             p.__dict__.get("seen"), p.pending) for p in phones]


def had(p, method, text=""):
    return [m for m in p.__dict__.get("seen", []) if m.method == method and
            text in m.body]


def joined(*pair):
    """Each has the other's address, both ways"""
    a, b = pair
    return lambda: a.__dict__.get("to") == b.port and \
        b.__dict__.get("to") == a.port and a.way == b.way == "sendrecv"


def talk(a, number, b, limit=3.0, ring=True):
    """a dials, b answers; both calls"""
    ca = a.call(number)
    cb = b.incoming(limit)
    if ring:
        cb.ring()
        ca.response(180)
    learn(b, cb.invite.body)
    ack = cb.answer()
    learn(b, ack.body)
    ok = ca.final()
    assert ok.status == 200, ok
    learn(a, ok.body)
    ca.ack(ok)
    settle(joined(a, b), a, b)
    return ca, cb


def reinvite(c, direction, *others, port=None):
    """c offers this; the answer"""
    c.begin("INVITE", body=sdp(port or c.phone.port, direction,
                               version=int(time.time() * 1000)))
    got = []

    def answered():
        try:
            got.append(c.phone.next(
                lambda m: not m.is_request and c.is_ours(m) and
                m.cseq == c.cseq and m.status >= 200, 0.01))
        except Timeout:
            return False
        return True
    settle(answered, *others)
    assert got[0].status == 200, got
    learn(c.phone, got[0].body)
    c.ack(got[0])
    return got[0]


def end(c, *others):
    """c hangs up; the others are told"""
    c.begin("BYE")
    settle(lambda: all(had(p, "BYE") for p in others), *others)
    c.phone.next(lambda m: not m.is_request and c.is_ours(m) and
                 m.method == "BYE" and m.status == 200)
    for p in others:
        p.seen.clear()


def free(o):
    wait(lambda: not o.calls(), 5, "no call is left")


def dialog(c):
    """How c's dialog is named in a Replaces"""
    remote = re.search(r"tag=([^;>]+)", c.remote)[1]
    return (f"{c.call_id};to-tag={remote};from-tag={c.tag}"
            ).replace(";", "%3B").replace("=", "%3D")


def refer(c, to):
    c.begin("REFER", extra=f"Refer-To: <{to}>\r\n")
    m = c.phone.next(lambda m: not m.is_request and m.method == "REFER" and
                     c.is_ours(m))
    assert m.status == 202, m
