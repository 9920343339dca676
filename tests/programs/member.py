"""member - a phone's call with an ear of its own, which speaks one tone and
says whose tones it hears"""
import re, time
from harness import wait
import sipua
from ear import Ear, share

TONES = [430, 510, 590, 670, 750, 830]


class Member:
    """A call with an ear of its own that speaks one tone"""

    def __init__(self, phone, hz=0):
        self.phone, self.ear, self.call = phone, Ear(), None
        self.ear.hz = hz

    @property
    def hz(self):
        return self.ear.hz

    def agree(self, body):
        self.ear.to = ("127.0.0.1",
                       int(re.search(r"m=audio (\d+)", body)[1]))

    def dial(self, number, limit=5):
        self.call = self.phone.call(number, body=sipua.sdp(self.ear.port))
        self.ok = self.call.final(limit)
        if self.ok.status == 200:
            self.agree(self.ok.body)
        self.call.ack(self.ok)
        return self

    def answer(self, limit=5):
        self.call = self.phone.incoming(limit)
        if self.call.invite.body:
            self.agree(self.call.invite.body)
        ack = self.call.answer(body=sipua.sdp(self.ear.port))
        if ack.body:
            self.agree(ack.body)
        return self

    def reinvited(self, limit=5):
        """The pbx asks again: now we speak with the conference"""
        m = self.call.request("INVITE", limit)
        self.agree(m.body)
        self.call.reply(200, "OK", body=sipua.sdp(self.ear.port), to=m)
        self.call.request("ACK")
        return m

    def hold(self, direction):
        ok = self.call.ask("INVITE", body=sipua.sdp(
            self.ear.port, direction, version=int(time.time())))
        assert ok.status == 200, ok
        self.call.ack()
        return ok

    def refer(self, to, extra=""):
        m = self.call.ask("REFER", extra=f"Refer-To: <{to}>\r\n{extra}")
        assert m.status == 202, m
        return m

    def outcome(self, limit=5):
        """The last NOTIFY of a REFER: the status in it"""
        while True:
            m = self.call.request("NOTIFY", limit)
            self.call.reply(200, "OK", to=m)
            if "terminated" in m["subscription-state"]:
                return int(m.body.split()[1])

    def gone(self):
        self.call.gone()
        self.ear.close()

    def present(self):
        """Which of the tones are in what it hears now"""
        self.ear.forget()
        wait(lambda: len(self.ear.heard) >= 6400, 5, "sound")
        part = self.ear.heard[:6400]
        return {hz for hz in TONES if share(part, hz) > 0.04}

    def hears(self, *others, limit=5):
        """All these and nobody else, itself neither"""
        want = {o.hz for o in others}
        got = [None]

        def truth():
            got[0] = self.present()
            return got[0] == want
        try:
            wait(truth, limit, "it")
        except AssertionError:
            raise AssertionError(f"{self.phone.user} hears {got[0]}, "
                                 f"not {want}")

    def close(self):
        self.ear.close()
        self.phone.close()


def talk(a, b, number):
    """a calls b: a Member of a's phone in that call; both talk"""
    m = Member(a.phone, a.hz)
    m.call = a.phone.call(number, body=sipua.sdp(m.ear.port))
    b.answer()
    ok = m.call.final()
    m.agree(ok.body)
    m.call.ack(ok)
    return m


def hold(m, other, direction="sendonly"):
    """m holds a call with another phone, which answers; or takes it back"""
    m.version = getattr(m, "version", 1) + 1
    m.call.begin("INVITE", body=sipua.sdp(m.ear.port, direction,
                                          version=m.version))
    r = other.call.request("INVITE")
    back = {"sendonly": "recvonly", "sendrecv": "sendrecv"}[direction]
    other.agree(r.body)
    other.call.reply(200, "OK", body=sipua.sdp(other.ear.port, back,
                                               version=m.version), to=r)
    ok = m.call.response(200)
    m.agree(ok.body)
    m.call.ack(ok)
    other.call.request("ACK")


def focus(m):
    """URI of the focus in an answer"""
    contact = m["contact"]
    assert contact.endswith(";isfocus"), contact
    uri = re.search(r"<([^>]+)>", contact)[1]
    assert uri.startswith("sip:conf-"), uri
    return uri


def replaces(uri, call):
    """A Refer-To whose Replaces names our side of a call"""
    theirs = re.search(r"tag=([^;>]+)", call.remote)[1]
    ours = call.tag
    return (f"{uri}?Replaces={call.call_id}%3Bto-tag%3D{theirs}"
            f"%3Bfrom-tag%3D{ours}")
