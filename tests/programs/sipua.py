"""sipua - a phone for tests: one UDP socket, messages written by hand

A Phone registers, asks and answers; nothing is automatic but digest, so that
a test can do what no decent phone does.  Only Python's standard library.
"""
import hashlib, os, random, re, socket, ssl, time

SDP = ("v=0\r\no=- {id} {version} IN IP4 127.0.0.1\r\ns=-\r\n"
       "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n"
       "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
       "a={direction}\r\n")


def sdp(port, direction="sendrecv", version=1):
    return SDP.format(id=port, version=version, port=port, direction=direction)


def token():
    return os.urandom(6).hex()


class Message:
    def __init__(self, data, source=None):
        self.source = source
        head, _, self.body = data.decode(errors="replace").partition(
            "\r\n\r\n")
        lines = head.split("\r\n")
        self.first = lines[0]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((name.strip().lower(), value.strip()))
        words = self.first.split(" ", 2)
        self.is_request = not self.first.startswith("SIP/2.0")
        self.method = words[0] if self.is_request else \
            self["cseq"].split()[1]
        self.status = 0 if self.is_request else int(words[1])
        self.uri = words[1] if self.is_request else None

    def all(self, name):
        return [v for n, v in self.headers if n == name]

    def __getitem__(self, name):
        values = self.all(name)
        return values[0] if values else ""

    @property
    def to_tag(self):
        m = re.search(r";tag=([^;>]+)", self["to"])
        return m[1] if m else ""

    @property
    def from_tag(self):
        m = re.search(r";tag=([^;>]+)", self["from"])
        return m[1] if m else ""

    @property
    def contact(self):
        m = re.search(r"<([^>]+)>", self["contact"])
        return m[1] if m else self["contact"]

    @property
    def cseq(self):
        return int(self["cseq"].split()[0])

    def __repr__(self):
        return f"{self.first} {self['cseq']}"


def H(algorithm, text):
    return hashlib.new("md5" if algorithm == "MD5" else "sha256",
                       text.encode()).hexdigest()


def answer_challenge(message, method, uri, user, secret, algorithm="MD5"):
    for value in message.all("www-authenticate"):
        fields = dict((k.lower(), a or b) for k, a, b in re.findall(
            r'(\w+)=(?:"([^"]*)"|([^\s,]+))', value))
        if fields.get("algorithm", "MD5") != algorithm:
            continue
        cnonce, nc = token(), "00000001"
        ha1 = H(algorithm, f"{user}:{fields['realm']}:{secret}")
        ha2 = H(algorithm, f"{method}:{uri}")
        response = H(algorithm, f"{ha1}:{fields['nonce']}:{nc}:{cnonce}:auth:"
                                f"{ha2}")
        return (f'Authorization: Digest username="{user}", '
                f'realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
                f'uri="{uri}", response="{response}", cnonce="{cnonce}", '
                f'nc={nc}, qop=auth, algorithm={algorithm}\r\n')
    raise AssertionError(f"no {algorithm} challenge in {message!r}")


class Timeout(AssertionError):
    pass


class Phone:
    transport = "UDP"

    def __init__(self, server, user, secret, number=None, port=0):
        self.server, self.user, self.secret = server, user, secret
        self.number = number
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", port))
        self.port = self.s.getsockname()[1]
        self.contact = f"sip:{user}@127.0.0.1:{self.port}"
        self.algorithm = "MD5"
        self.pending = []

    def close(self):
        self.s.close()

    def send(self, text, to=None):
        self.s.sendto(text.encode(), to or self.server)

    def receive(self):
        return self.s.recvfrom(65536)

    def next(self, want=None, limit=3.0):
        """The next message for which want is true; others are kept"""
        for i, m in enumerate(self.pending):
            if want is None or want(m):
                return self.pending.pop(i)
        end = time.monotonic() + limit
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout(f"{self.user} did not get it; has "
                              f"{self.pending!r}")
            self.s.settimeout(left)
            try:
                data, source = self.receive()
            except (socket.timeout, TimeoutError):
                continue
            if len(data) < 10 or data[0] & 0xc0 == 0x80:
                continue                # nothing, or speech
            m = Message(data, source)
            if want is None or want(m):
                return m
            self.pending.append(m)

    def request(self, method, limit=3.0):
        return self.next(lambda m: m.is_request and m.method == method, limit)

    def response(self, method, status=None, limit=3.0, call_id=None):
        return self.next(lambda m: not m.is_request and m.method == method and
                         (status is None or m.status == status) and
                         (call_id is None or m["call-id"] == call_id), limit)

    def silent(self, want, limit=0.5):
        """Nothing of the kind comes"""
        try:
            m = self.next(want, limit)
        except Timeout:
            return
        raise AssertionError(f"{self.user} got {m!r}")

    # --- out of dialogs ---

    def write(self, method, uri, to, call_id, cseq, from_tag, extra="",
              body="", branch=None, routes=""):
        branch = branch or "z9hG4bK" + token()
        ctype = "Content-Type: application/sdp\r\n" if body and \
            "Content-Type" not in extra else ""
        return (f"{method} {uri} SIP/2.0\r\n"
                f"Via: SIP/2.0/{self.transport} 127.0.0.1:{self.port};branch={branch}"
                f";rport\r\nMax-Forwards: 70\r\n{routes}"
                f"From: \"liar\" <sip:{self.user}@127.0.0.1>;tag={from_tag}\r\n"
                f"To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <{self.contact}>\r\n{extra}{ctype}"
                f"Content-Length: {len(body)}\r\n\r\n{body}")

    def ask(self, method, uri, to=None, extra="", body="", call_id=None,
            cseq=1, from_tag=None):
        """Ask with digest; the final answer (INVITE: the first one after the
        challenge is the caller's business) """
        call_id, from_tag = call_id or token(), from_tag or token()
        to = to or f"<{uri}>"
        first = self.write(method, uri, to, call_id, cseq, from_tag, extra,
                           body)
        self.send(first)
        m = self.response(method, call_id=call_id)
        if m.status != 401:
            return m
        if method == "INVITE":
            self.ack_refusal(first, m)
        auth = answer_challenge(m, method, uri, self.user, self.secret,
                                self.algorithm)
        text = self.write(method, uri, to, call_id, cseq + 1, from_tag,
                          extra + auth, body)
        self.send(text)
        if method == "INVITE":
            return Call(self, text, call_id, cseq + 1, from_tag, uri, to)
        return self.response(method, call_id=call_id)

    def ack_refusal(self, invite, m):
        sent = Message(invite.encode())
        self.send(f"ACK {sent.uri} SIP/2.0\r\nVia: {sent['via']}\r\n"
                  f"Max-Forwards: 70\r\nFrom: {sent['from']}\r\n"
                  f"To: {m['to']}\r\nCall-ID: {sent['call-id']}\r\n"
                  f"CSeq: {sent.cseq} ACK\r\nContent-Length: 0\r\n\r\n")

    def register(self, expires=600, extra="", contact=None):
        keep = self.contact
        if contact:
            self.contact = contact
        try:
            host = f"sip:127.0.0.1:{self.server[1]}"
            return self.ask("REGISTER", host,
                            to=f"<sip:{self.user}@127.0.0.1>",
                            extra=f"Expires: {expires}\r\n{extra}")
        finally:
            self.contact = keep

    def call(self, number, body=None, extra=""):
        """Begin a call; a Call"""
        uri = f"sip:{number}@127.0.0.1:{self.server[1]}"
        return self.ask("INVITE", uri, extra=extra,
                        body=sdp(self.port) if body is None else body)

    def incoming(self, limit=3.0):
        """An INVITE for us; a Call"""
        m = self.request("INVITE", limit)
        return Call.of_invite(self, m)


class StreamPhone(Phone):
    """The same over TCP, or TLS with the CA in a file"""

    def __init__(self, server, user, secret, number=None, ca=None):
        self.server, self.user, self.secret = server, user, secret
        self.number, self.ca = number, ca
        self.transport = "TLS" if ca else "TCP"
        self.algorithm = "MD5"
        self.connect()
        self.port = self.s.getsockname()[1]
        self.contact = (f"sip:{user}@127.0.0.1:{self.port};"
                        f"transport={self.transport.lower()}")

    def connect(self):
        """Also again, after close()"""
        self.pending, self.rest = [], b""
        self.s = socket.create_connection(self.server)
        if self.ca:
            context = ssl.create_default_context(cafile=self.ca)
            self.s = context.wrap_socket(self.s, server_hostname="127.0.0.1")

    def send(self, text, to=None):
        self.s.sendall(text.encode())

    def receive(self):
        """One message, or what is none of them"""
        while True:
            head, end, rest = self.rest.partition(b"\r\n\r\n")
            m = re.search(rb"(?im)^content-length:\s*(\d+)", head)
            n = int(m[1]) if m else 0
            if end and len(rest) >= n:
                self.rest = rest[n:]
                return head + end + rest[:n], self.server
            got = self.s.recv(65536)
            if not got:
                raise EOFError
            self.rest += got


class Call:
    """One phone's side of a call"""

    def __init__(self, phone, invite, call_id, cseq, tag, uri, to):
        self.phone, self.invite_text = phone, invite
        self.invite = Message(invite.encode()) if invite else None
        self.call_id, self.cseq, self.tag = call_id, cseq, tag
        self.target, self.remote = uri, to
        self.routes = ""

    @classmethod
    def of_invite(cls, phone, m):
        c = cls(phone, None, m["call-id"], random.randrange(1, 99), token(),
                m.contact, m["from"])
        c.invite, c.local = m, m["to"]
        return c

    def is_ours(self, m):
        return m["call-id"] == self.call_id

    # --- caller ---

    def response(self, status=None, limit=3.0, method="INVITE"):
        m = self.phone.next(lambda m: not m.is_request and self.is_ours(m) and
                            m.method == method and m.status > 100 and
                            (status is None or m.status == status), limit)
        if m.status < 300 and m.to_tag and method == "INVITE":
            self.remote = m["to"]
            if m["contact"]:
                self.target = m.contact
        return m

    def final(self, limit=3.0):
        while True:
            m = self.response(limit=limit)
            if m.status >= 200:
                return m

    def ack(self, m=None, body=""):
        p = self.phone
        if m is not None and m.status >= 300:
            p.ack_refusal(self.invite_text, m)
            return
        cseq = m.cseq if m is not None else self.cseq
        p.send(self.write("ACK", cseq, body=body))

    def cancel(self, extra=""):
        i = self.invite
        self.phone.send(
            f"CANCEL {i.uri} SIP/2.0\r\nVia: {i['via']}\r\nMax-Forwards: 70\r\n"
            f"From: {i['from']}\r\nTo: {i['to']}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {i.cseq} CANCEL\r\n{extra}Content-Length: 0\r\n\r\n")
        return self.phone.response("CANCEL", call_id=self.call_id)

    # --- callee ---

    def reply(self, status, reason="X", extra="", body="", to=None):
        m = to or self.invite
        vias = "".join(f"Via: {v}\r\n" for v in m.all("via"))
        routes = "".join(f"Record-Route: {v}\r\n" for v in
                         m.all("record-route"))
        tagged = m["to"] if m.to_tag or status == 100 else \
            f"{m['to']};tag={self.tag}"
        ctype = "Content-Type: application/sdp\r\n" if body else ""
        self.phone.send(
            f"SIP/2.0 {status} {reason}\r\n{vias}{routes}From: {m['from']}\r\n"
            f"To: {tagged}\r\nCall-ID: {m['call-id']}\r\n"
            f"CSeq: {m['cseq']}\r\nContact: <{self.phone.contact}>\r\n{extra}"
            f"{ctype}Content-Length: {len(body)}\r\n\r\n{body}")

    def ring(self, **kw):
        self.reply(180, "Ringing", **kw)

    def answer(self, body=None, extra=""):
        self.reply(200, "OK", extra=extra,
                   body=sdp(self.phone.port) if body is None else body)
        return self.phone.next(lambda m: m.method == "ACK" and
                               self.is_ours(m))

    # --- both ---

    def write(self, method, cseq, extra="", body=""):
        local = self.invite["from"] if self.invite_text else \
            f"{self.local};tag={self.tag}"
        ctype = "Content-Type: application/sdp\r\n" if body and \
            "Content-Type" not in extra else ""
        p = self.phone
        return (f"{method} {self.target} SIP/2.0\r\n"
                f"Via: SIP/2.0/{p.transport} 127.0.0.1:{p.port};branch=z9hG4bK{token()}"
                f";rport\r\nMax-Forwards: 70\r\n"
                f"From: {local}\r\nTo: {self.remote}\r\n"
                f"Call-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <{p.contact}>\r\n{extra}{ctype}"
                f"Content-Length: {len(body)}\r\n\r\n{body}")

    def begin(self, method, extra="", body=""):
        """Ask inside the call, not waiting for the answer"""
        self.cseq += 1
        text = self.write(method, self.cseq, extra, body)
        self.phone.send(text)
        return text

    def ask(self, method, extra="", body="", limit=3.0):
        """Ask inside the call; the final answer"""
        self.begin(method, extra, body)
        while True:
            m = self.phone.next(lambda m: not m.is_request and
                                self.is_ours(m) and m.method == method and
                                m.cseq == self.cseq, limit)
            if m.status >= 200:
                return m

    def request(self, method, limit=3.0):
        return self.phone.next(lambda m: m.is_request and
                               m.method == method and self.is_ours(m), limit)

    def bye(self):
        return self.ask("BYE")

    def gone(self, limit=3.0):
        """The other side hangs up"""
        m = self.request("BYE", limit)
        self.reply(200, "OK", to=m)
        return m
