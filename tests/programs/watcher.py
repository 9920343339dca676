"""watcher - a phone that watches a number: a subscription, by hand"""
import time, xml.etree.ElementTree as ET
from sipua import token

DI = "{urn:ietf:params:xml:ns:dialog-info}"
PI = "{urn:ietf:params:xml:ns:pidf}"


class Watch:
    """A subscription, by hand"""

    def __init__(self, p, number, package="dialog", expires=600, extra=""):
        self.p, self.uri = p, f"sip:{number}@127.0.0.1:{p.server[1]}"
        self.package, self.call_id, self.tag = package, token(), token()
        self.cseq, self.version = 1, -1
        self.answer = p.ask("SUBSCRIBE", self.uri, call_id=self.call_id,
                            from_tag=self.tag, extra=self.lines(expires, extra))
        self.cseq = 2
        if self.answer.status == 200:
            self.target, self.remote = self.answer.contact, self.answer["to"]

    def lines(self, expires, extra=""):
        e = "" if expires is None else f"Expires: {expires}\r\n"
        return f"Event: {self.package}\r\n{e}{extra}"

    def again(self, expires=600, package=None, method="SUBSCRIBE"):
        self.cseq += 1
        lines = self.lines(expires) if not package else \
            f"Event: {package}\r\nExpires: {expires}\r\n"
        self.p.send(self.p.write(method, self.target, self.remote,
                                 self.call_id, self.cseq, self.tag, lines))
        return self.p.response(method, call_id=self.call_id)

    def reply(self, m, status=200, reason="OK", extra=""):
        vias = "".join(f"Via: {v}\r\n" for v in m.all("via"))
        self.p.send(f"SIP/2.0 {status} {reason}\r\n{vias}From: {m['from']}\r\n"
                    f"To: {m['to']}\r\nCall-ID: {m['call-id']}\r\n"
                    f"CSeq: {m['cseq']}\r\n{extra}Content-Length: 0\r\n\r\n")

    def is_ours(self, m):
        return m.is_request and m.method == "NOTIFY" and \
            m["call-id"] == self.call_id

    def take(self, limit=4.0):
        """The next NOTIFY, unanswered"""
        return self.p.next(self.is_ours, limit)

    def notify(self, limit=4.0):
        m = self.take(limit)
        self.reply(m)
        assert m["event"].split(";")[0] == self.package, m.headers
        return m

    def dialogs(self, limit=4.0):
        """(full or partial, {direction: state}) of the next document"""
        m = self.notify(limit)
        assert m["content-type"] == "application/dialog-info+xml"
        root = ET.fromstring(m.body)
        version = int(root.get("version"))
        assert version > self.version, (version, self.version)
        self.version = version
        self.entity = root.get("entity")
        self.last = m
        return root.get("state"), {d.get("direction"):
                                   d.find(DI + "state").text
                                   for d in root.findall(DI + "dialog")}

    def until(self, direction, state, limit=6):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if self.dialogs()[1].get(direction) == state:
                return
        raise AssertionError(f"{direction} never was {state}")

    def silent(self, limit=0.5):
        self.p.silent(self.is_ours, limit)

    def end(self):
        assert self.again(0).status == 200
        while True:
            m = self.notify()
            if m["subscription-state"].startswith("terminated"):
                assert "reason=timeout" in m["subscription-state"]
                return
