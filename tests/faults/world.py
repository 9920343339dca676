"""world - an office whose phones answer by themselves, the features they use,
and what must be so after any fault

A feature is a function of a World that does one thing a user does, start to
end, and raises when it does not come about.  Under a fault it may fail; what
must not is World.recover(): nothing goes on any more, nothing is busy, a new
call works, the stores agree (holdfast check).
"""
import atexit, contextlib, itertools, os, re, shutil, signal, subprocess, sys, tempfile, threading
import time
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "programs"))
from harness import HOLDFAST, Server, free_base, wait
import ear
from sipua import Call, Message, Phone, Timeout, sdp, token

NAMES = {"alice": "2001", "bob": "2002", "carol": "2003", "dora": "2004"}
MIRROR = {"sendonly": "recvonly", "inactive": "inactive"}
PASSCODE = "482915"


class Auto(Phone):
    """A phone that does by itself what any phone does.  policy: what it says
    to a new call: "answer", "ring", "busy" or "silent" """

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.policy, self.calls, self.seen = "answer", {}, []
        self.news = threading.Condition()
        self.version = 1
        self.again = {}                 # what is said until it is answered
        self.unanswered = {}            # our INVITEs
        self.sessions = set()           # of calls we were told are answered
        self.up = True
        threading.Thread(target=self._serve, daemon=True).start()

    # --- what the test asks ---

    def next(self, want=None, limit=None):
        end = time.monotonic() + (self.limit if limit is None else limit)
        with self.news:
            while True:
                for i, m in enumerate(self.pending):
                    if want is None or want(m):
                        return self.pending.pop(i)
                left = end - time.monotonic()
                if left <= 0:
                    raise Timeout(f"{self.user} did not get it; has "
                                  f"{self.pending!r}")
                self.news.wait(left)

    limit = 3.0

    def send(self, text, to=None):
        m = Message(text.encode())
        key = None
        if not m.is_request and m.method == "INVITE" and m.status == 200:
            key = ("200", m["call-id"], m.cseq)
        elif m.is_request and m.method != "ACK":
            key = (m.method, m["call-id"], m.cseq)
        with self.news:
            if key and key not in self.again:
                self.again[key] = [time.monotonic() + 0.5, 0.5, text]
            if m.is_request and m.method == "INVITE":
                self.unanswered[key] = text
                if not m.to_tag:
                    known = self.calls.setdefault(
                        m["call-id"], {"state": "calling", "ears": None})
                    known["call"] = Call(self, text, m["call-id"], m.cseq,
                                         m.from_tag, m.uri, m["to"])
        super().send(text, to)

    def _say_again(self):
        """As RFC 3261 has it, for as long as a test lasts"""
        now = time.monotonic()
        for key, (due, pause, text) in list(self.again.items()):
            if now < due:
                continue
            if pause > 4:
                del self.again[key]
                continue
            self.again[key] = [now + 2 * pause, 2 * pause, text]
            super().send(text)

    def _heard(self, m):
        """What need not be said again"""
        if m.is_request:
            if m.method == "ACK":
                self.again.pop(("200", m["call-id"], m.cseq), None)
            elif m.method == "BYE":
                for k in [k for k in self.again if k[1] == m["call-id"]]:
                    del self.again[k]
            return
        key = (m.method, m["call-id"], m.cseq)
        if m.status >= 200 or m.method == "INVITE":
            self.again.pop(key, None)
        if m.status >= 200:
            self._acknowledge(m, self.unanswered.pop(key, None))
        if m.method == "INVITE" and m.status == 200 and m["session-id"]:
            self.sessions.add(m["session-id"][:32])

    def _acknowledge(self, m, asked):
        """A final answer to one of our INVITEs; asked None: once more"""
        known = self.calls.get(m["call-id"])
        if m.method != "INVITE" or not known or (
                m.status == 401 and "Authorization:" not in (asked or "")):
            return                      # the challenge is ask()'s
        c = known["call"]
        if m.status >= 300:
            if asked:
                self.ack_refusal(asked, m)
            if known["state"] == "calling":
                known["state"] = "gone"
            return
        c.remote, c.target = m["to"], m.contact or c.target
        c.ack(m)
        if known["state"] == "calling":
            known["state"] = "talking"

    def dial(self, number, status=200, ears=None, extra=""):
        """Call; the final answer has this status"""
        c = self.call(number, body=sdp(ears.port) if ears else None,
                      extra=extra)
        if isinstance(c, Message):
            assert c.status == status, c
            return c
        with self.news:
            self.calls[c.call_id]["ears"] = ears
        m = c.final(self.limit)
        if ears and m.body:
            ears.to = ("127.0.0.1",
                       int(re.search(r"m=audio (\d+)", m.body)[1]))
        assert m.status == status, m
        return c

    def call(self, number, body=None, extra=""):
        c = super().call(number.replace("#", "%23"), body, extra)
        return self.calls[c.call_id]["call"] if isinstance(c, Call) else c

    def rings(self, number):
        """Call, and have it ring"""
        c = self.call(number)
        assert isinstance(c, Call), c
        c.response(180, self.limit)
        return c

    def until(self, truth, what="it"):
        """It has come to this; truth is asked after each message"""
        end = time.monotonic() + self.limit
        with self.news:
            while not truth():
                left = end - time.monotonic()
                if left <= 0:
                    raise Timeout(f"{self.user}: {what}; "
                                  f"{[c['state'] for c in self.calls.values()]}"
                                  f" {self.seen[-5:]!r}")
                self.news.wait(left)

    def state(self, *states):
        """Calls that are so"""
        return [c["call"] for c in self.calls.values()
                if c["state"] in states]

    def talks(self, n=1):
        self.until(lambda: len(self.state("talking")) == n, f"{n} calls")
        return self.state("talking")[-1]

    def idle(self):
        self.until(lambda: not self.state("talking", "ringing", "calling"),
                   "no call")

    def had(self, method, text=""):
        return [m for m in self.seen if m.method == method and
                text in m.body]

    def forget(self):
        with self.news:
            self.again.clear()
            self.unanswered.clear()
            self.pending.clear()
            self.seen.clear()
            self.calls.clear()
        self.policy = "answer"

    def hang_up(self, c):
        with self.news:
            if c.call_id in self.calls:
                self.calls[c.call_id]["state"] = "gone"
        return c.bye()

    def accept(self, c):
        """Answer what rings"""
        c.reply(200, "OK", body=sdp(self.port))
        self.until(lambda: self.calls[c.call_id]["state"] == "talking",
                   "an ACK")

    def offer(self, c, direction="sendrecv"):
        """Describe ourselves anew"""
        self.version += 1
        m = c.ask("INVITE", body=sdp(self.port, direction, self.version),
                  limit=self.limit)
        assert m.status == 200, m
        return m

    def refer(self, c, to, extra=""):
        m = c.ask("REFER", extra=f"Refer-To: <{to}>\r\n{extra}",
                  limit=self.limit)
        assert m.status == 202, m

    # --- what it does by itself ---

    def _serve(self):
        self.s.settimeout(0.2)
        while self.up:
            with self.news:
                try:
                    self._say_again()
                except OSError:
                    pass
            try:
                data, source = self.s.recvfrom(65536)
            except (TimeoutError, OSError):
                continue
            if len(data) < 10 or data[0] & 0xc0 == 0x80:
                continue
            m = Message(data, source)
            with self.news:
                try:
                    self._heard(m)
                    if m.is_request:
                        self._request(m)
                    else:
                        self._response(m)
                except OSError:
                    return
                self.news.notify_all()

    def _response(self, m):
        self.pending.append(m)

    def _body(self, m):
        way = re.search(r"a=(sendrecv|sendonly|recvonly|inactive)", m.body)
        self.version += 1
        known = self.calls.get(m["call-id"])
        port = known["ears"].port if known and known["ears"] else self.port
        if known and known["ears"] and m.body:
            known["ears"].to = ("127.0.0.1", int(
                re.search(r"m=audio (\d+)", m.body)[1]))
        return sdp(port, MIRROR.get(way[1], "sendrecv") if way else
                   "sendrecv", self.version)

    def _request(self, m):
        id = m["call-id"]
        known = self.calls.get(id)
        if m.method == "ACK":
            if known and known["state"] == "ringing":
                known["state"] = "talking"
            self.seen.append(m)
            return
        if m.method == "INVITE" and not m.to_tag:
            if known:
                return                      # said again
            c = Call.of_invite(self, m)
            self.calls[id] = {"state": "ringing", "call": c, "ears": None}
            self.seen.append(m)
            if self.policy == "busy":
                self.calls[id]["state"] = "gone"
                c.reply(486, "Busy Here")
            elif self.policy != "silent":
                c.reply(180, "Ringing")
                if self.policy == "answer":
                    c.reply(200, "OK", body=sdp(self.port))
            return
        c = known["call"] if known else Call.of_invite(self, m)
        self.seen.append(m)
        if m.method == "CANCEL":
            c.reply(200, "OK", to=m)
            if known and known["state"] == "ringing":
                known["state"] = "gone"
                c.reply(487, "Request Terminated")
        elif m.method == "BYE":
            c.reply(200, "OK", to=m)
            if known:
                known["state"] = "gone"
        elif m.method == "INVITE":
            if known and known["state"] == "gone":
                c.reply(481, "Gone", to=m)
            else:
                c.reply(200, "OK", to=m, body=self._body(m))
        else:
            c.reply(200, "OK", to=m, body=self._body(m)
                    if m.method == "UPDATE" and m.body else "")

    def close(self):
        self.up = False
        super().close()


class World:
    def __init__(self, name, args=(), env=None, dir=None,
                 with_talkers=False):
        self.dir = dir or tempfile.mkdtemp(prefix=f"holdfast-{name}-")
        self.base = free_base()
        self.generation = itertools.count(1)
        ear.short_prompts(f"{self.dir}/prompts")
        self.media = ear.Media(HOLDFAST, self.dir, self.base)
        self.orders = f"{self.dir}/orders"
        self.points = f"{self.dir}/points"
        self.env = {"HOLDFAST_FAULT_ORDERS": self.orders,
                    "HOLDFAST_FAULT_LOG": self.points,
                    "HOLDFAST_SECOND_MS": "50", **(env or {})}
        self.pbx = Server("pbx", 82, dir=self.dir, base=self.base,
                          args=["--no-answer", "2", "--calls-per-line", "2",
                                "--challenges", "100000", "--prompts",
                                f"{self.dir}/prompts", "--trace-memory", "1",
                                *args], env=self.env)
        self.sip = ("127.0.0.1", self.base + 60)
        atexit.register(self._end)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.restarts = 0
        self.ears = []
        self.talkers, self.talk = [], None
        self.provision()
        if with_talkers:
            self.begin_talk()

    # --- its people ---

    def put(self, kind, id, **fields):
        r = self.ask("PUT", f"{kind}/{id}",
                     {"generation": next(self.generation), **fields})
        assert r.status in (200, 201), r

    def user(self, name, **fields):
        self.put("users", name, customer="c", extension=NAMES[name],
                 name=name.title(), **{**self.fields.get(name, {}), **fields})

    def provision(self):
        self.a = Auto                   # its limit
        self.fields = {
            "alice": {"pin": "7391", "hot_desk_user": True},
            "dora": {"mailbox": True, "tui_passcode": PASSCODE},
        }
        self.put("customers", "c", web_id="c", name="C", extension_length=4,
                 time_zone="UTC")
        self.put("coses", "pager", customer="c", name="pager", page=True)
        self.fields["bob"] = {"cos": "pager"}
        self.phones = {}
        for n, number in NAMES.items():
            self.user(n)
            self.put("phones", n, customer="c", user=n, number=number,
                     line=1, type="sip", sip_user=n, sip_secret=f"s-{n}",
                     ring_with_user=True)
            self.phones[n] = Auto(self.sip, n, f"s-{n}", number)
        self.put("phones", "desk", customer="c", number="2901", line=1,
                 type="sip", sip_user="desk", sip_secret="s-desk",
                 hot_desk=True)
        self.phones["desk"] = Auto(self.sip, "desk", "s-desk", "2901")
        self.put("conferences", "room", customer="c", number="800",
                 name="Room")
        self.put("groups", "all", customer="c", number="2100", name="All",
                 type="ring-all", members=["bob", "carol"])
        self.put("groups", "page", customer="c", number="2200", name="Page",
                 type="page", members=["alice", "carol"])
        self.put("attendants", "day", customer="c", number="2500",
                 name="Day", language="en",
                 keys={"1": {"do": "number", "to": "2002"}})
        self.out = Auto(self.sip, "trunk", "")
        self.put("trunks", "trunk", name="trunk", host="127.0.0.1",
                 port=self.out.port, customer="c")
        self.put("dids", "in", customer="c", start="0145670000",
                 target="2002")
        self.a, self.b, self.c, self.d = (self.phones[n] for n in NAMES)
        self.desk = self.phones["desk"]
        self.all = [*self.phones.values(), self.out]
        for p in self.phones.values():
            assert p.register().status == 200
        self.ready()

    def at(self, number):
        return f"sip:{number}@127.0.0.1:{self.sip[1]}"

    def ready(self):
        """The media server is at hand, the trunk is up"""
        self.wait(lambda: self.metric("holdfast_media_up") in (None, 1), 10)
        self.wait(lambda: self.out.had("OPTIONS"), 15)

    # --- two who talk all the time ---

    def begin_talk(self):
        for i, n in enumerate(("eve", "fred")):
            self.put("users", n, customer="c", extension=f"200{5 + i}",
                     name=n.title())
            self.put("phones", n, customer="c", user=n,
                     number=f"200{5 + i}", line=1, type="sip", sip_user=n,
                     sip_secret=f"s-{n}", ring_with_user=True)
            p = Auto(self.sip, n, f"s-{n}", f"200{5 + i}")
            self.talkers.append(p)
            assert p.register().status == 200
        self.talk = self.talkers[0].dial("2006")
        self.talkers[1].talks()
        self.talk_id = self.ask("GET", "calls").json["items"][0]["id"]

    def still_talk(self):
        """Either holds the other, the other is asked"""
        p, q = self.talkers
        p.limit = q.limit = 3
        n = len(q.had("INVITE"))
        p.offer(self.talk, "sendonly")
        p.offer(self.talk)
        q.until(lambda: len(q.had("INVITE")) >= n + 2, "held")
        q.offer(q.talks(), "sendonly")
        q.offer(q.talks())

    def end_talk(self):
        assert self.talkers[0].hang_up(self.talk).status == 200
        self.talkers[1].idle()
        self.talk = None
        wait(self.is_idle, 5, "nothing goes on")

    def has_records(self):
        """Every call whose caller was told of an answer has its record"""
        wanted = set().union(*(p.sessions for p in self.all + self.talkers))
        seen, cursor = [], ""
        while cursor is not None:
            r = self.ask("GET", "cdrs?page[size]=200" + (
                f"&page[cursor]={cursor}" if cursor else "")).json
            seen += [i["id"] for i in r["items"]]
            cursor = r["next"]
        assert len(seen) == len(set(seen))
        assert wanted <= set(seen), (len(wanted), wanted - set(seen))

    # --- what is seen ---

    def wait(self, truth, limit=8, what="it"):
        return wait(truth, limit, what)

    def ask(self, method, path, body=None, **kw):
        return self.pbx.ask(method, f"/api/v1/{path}", body,
                            timeout=max(1, 4 * self.a.limit), **kw)

    def command(self, path, **body):
        """Done, as soon as the call is in a state for it"""
        def done():
            r = self.ask("POST", path, body)
            assert r.status in (200, 204) or r.code in ("wrong-state",
                                                           "busy"), r
            return r.status < 300
        wait(done, self.a.limit, path)

    def metrics(self):
        text = self.pbx.ask("GET", "/metrics").body.decode()
        return {m[1]: int(m[2]) for m in
                re.finditer(r"(?m)^(holdfast_\w+) (-?\d+)$", text)}

    def metric(self, name):
        return self.metrics().get(name)

    def listen(self):
        e = ear.Ear()
        self.ears.append(e)
        return e

    def hears(self, e, *names):
        for name in names:
            e.hears(ear.sound(f"{self.dir}/prompts/en/{name}.wav"), name,
                    limit=self.a.limit + 2)

    # --- faults ---

    def order(self, *lines):
        """Arm these instead of what was; how often each point was passed
        before"""
        with open(self.orders, "w") as f:
            f.write("".join(f"{l}\n" for l in lines))
        open(self.points, "w").close()
        self.pbx.proc.send_signal(signal.SIGUSR2)
        if lines:                       # taken with the next point passed
            return {}
        try:
            self.pbx.ask("GET", "/healthz", token=None, timeout=2)
        except OSError:
            pass
        with open(self.points) as f:
            return dict((l.split()[1], int(l.split()[2])) for l in f
                        if l.startswith("= "))

    def did_harm(self):
        with open(self.points) as f:
            return any(l.startswith("!") for l in f)

    def lives(self):
        """Whether it does; a dying one is waited for"""
        if self.pbx.proc.poll() is None:
            try:
                self.pbx.ask("GET", "/healthz", token=None, timeout=5)
            except ConnectionError:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.pbx.proc.wait(1)
            except OSError:
                pass
        return self.pbx.proc.poll() is None

    def restart(self):
        if self.lives():
            self.pbx.kill()
        self.restarts += 1
        with contextlib.suppress(OSError):
            os.remove(self.orders)
        self.pbx.start()

    # --- afterwards ---

    def clear(self):
        for e in self.ears:
            e.close()
        self.ears.clear()
        cursor = ""
        while cursor is not None:
            r = self.ask("GET", "calls?page[size]=200" + (
                f"&page[cursor]={cursor}" if cursor else "")).json
            for c in r["items"]:
                if not self.talk or c["id"] != self.talk_id:
                    self.ask("DELETE", f"calls/{c['id']}")
            cursor = r["next"]

    def agrees(self):
        """Whether phones and pbx see the same calls, and no phone waits"""
        at_pbx = {}
        for c in self.ask("GET", "calls").json["items"]:
            for side in ("caller", "callee"):
                p = c[side].get("phone")
                if c["state"] == "answered" and p:
                    at_pbx[p] = at_pbx.get(p, 0) + 1
        self.differs = {
            n: (len(p.state("talking")), at_pbx.get(n, 0),
                [k[0] for k in p.unanswered],
                [c["state"] for c in p.calls.values()])
            for n, p in self.phones.items()
            if len(p.state("talking")) != at_pbx.get(n, 0) or
            p.state("calling") or (p.policy == "answer" and p.state("ringing"))}
        return not self.differs

    def settle(self, limit=8):
        """Whatever went on is so for all who are in it"""
        try:
            wait(self.agrees, limit, "agreement")
        except AssertionError:
            if self.were_not_told():
                return
            raise AssertionError(
                "phones and pbx differ: phone: (calls, at the pbx, "
                f"unanswered, all): {self.differs}; "
                f"{self.ask('GET', 'calls').json['items']}") from None

    def were_not_told(self):
        """Whether it was killed between writing and sending, a moment of
        microseconds: then phones do not know what has been written"""
        with open(self.points) as f:
            return "! pbx.turn" in f.read()

    def is_idle(self):
        m = self.metrics()
        return self.ask("GET", "calls").json["total"] == bool(self.talk) and \
            not any(m[f"holdfast_{k}"] for k in ("media_ports",
                                                 "conferences"))

    def is_quiet(self, limit=45):
        """Nor does any transaction keep a call that is over (32 s)"""
        wait(lambda: self.metric("holdfast_calls") == bool(self.talk), limit,
             "the end of what is over")

    def recover(self, limit=10):
        """What must be so once no fault is any more"""
        for p in self.all:
            p.policy = "busy"
        self.clear()
        try:
            wait(self.is_idle, limit, "nothing goes on")
        except AssertionError:
            m = self.metrics()
            raise AssertionError(
                {k: m[f"holdfast_{k}"] for k in ("calls", "media_ports",
                                                 "conferences")},
                self.ask("GET", "calls").json["items"],
                self.ask("GET", "conference-calls").json["items"])
        for n in NAMES:
            r = self.ask("PUT", f"users/{n}/settings", {})
            assert r.status == 200, r
        self.ask("DELETE", "phones/desk/hot-desk")
        for r in self.ask("GET", "callbacks").json.get("items", []):
            self.ask("DELETE", f"callbacks/{r['id']}")
        for p in self.all:
            p.forget()
        for p in self.phones.values():
            m = p.register()
            assert m.status == 200, m
        self.probe()
        for p in self.all:
            p.forget()

    def probe(self):
        """Bob has room for two calls: nothing of before keeps it"""
        first = self.a.dial("2002")
        second = self.c.dial("2002")
        self.b.talks(2)
        assert self.a.hang_up(first).status == 200
        assert self.c.hang_up(second).status == 200
        self.b.idle()
        wait(self.is_idle, 5, "nothing goes on")

    def check(self):
        r = subprocess.run([HOLDFAST, "check", "--dir", self.dir],
                           capture_output=True, text=True)
        assert r.returncode == 0, r.stdout + r.stderr

    def _end(self):
        """Nothing is left running, whatever happened"""
        for p in (self.pbx.proc, self.media.proc):
            if p.poll() is None:
                p.kill()

    def close(self):
        for p in self.all + self.talkers:
            p.close()
        self.pbx.stop()
        self.media.close()
        self.pbx.close()
        shutil.rmtree(self.dir, ignore_errors=True)


# --- what users do ---

def registers(w):
    """a phone registers, goes, comes back"""
    assert w.c.register(expires=0).status == 200
    assert w.c.register().status == 200


def talks(w):
    """a call is answered, held, taken back, ended"""
    c = w.a.dial("2002")
    w.b.talks()
    w.a.offer(c, "sendonly")
    w.a.offer(c)
    assert w.a.hang_up(c).status == 200
    w.b.idle()


def gives_up(w):
    """the caller gives up"""
    w.b.policy = "ring"
    c = w.a.rings("2002")
    assert c.cancel().status == 200
    c.final(w.a.limit)
    w.b.idle()


def is_forwarded(w):
    """busy, then forwarded by code"""
    w.b.dial("*67*2003")
    w.b.policy = "busy"
    c = w.a.dial("2002")
    w.c.talks()
    w.a.hang_up(c)
    w.c.idle()
    w.b.dial("#67#")


def hands_over(w):
    """a call is handed over unseen"""
    c = w.a.dial("2002")
    cb = w.b.talks()
    w.b.refer(cb, w.at("2003"))
    w.c.talks()
    w.b.idle()
    w.a.hang_up(c)
    w.c.idle()


def consults(w):
    """a call is handed over to one consulted"""
    c = w.a.dial("2002")
    cb = w.b.talks()
    w.b.offer(cb, "sendonly")
    c2 = w.b.dial("2003")
    w.c.talks()
    to = re.search(r"tag=([^;>]+)", c2.remote)[1]
    w.b.refer(cb, f"{w.at('2003')}?Replaces={c2.call_id}%3Bto-tag%3D{to}"
                  f"%3Bfrom-tag%3D{c2.tag}")
    w.b.idle()
    w.a.hang_up(c)
    w.c.idle()


def parks(w):
    """a call is parked and taken back by another"""
    c = w.a.dial("2002")
    w.b.refer(w.b.talks(), w.at("*70"))
    w.b.idle()
    c2 = w.c.dial("*72*2002")
    w.c.hang_up(c2)
    w.a.idle()


def picks_up(w):
    """somebody else's ringing call is picked up"""
    w.b.policy = "ring"
    c = w.a.rings("2002")
    c2 = w.c.dial("**2002")
    m = c.final(w.a.limit)
    assert m.status == 200, m
    w.c.hang_up(c2)


def meets(w):
    """three in a room"""
    for p in (w.a, w.b, w.c):
        p.dial("*49*800")
    for p in (w.a, w.b, w.c):
        p.hang_up(p.state("talking")[0])


def confers(w):
    """two calls become a conference"""
    ca = w.b.dial("2001")
    w.b.offer(ca, "sendonly")
    cc = w.b.dial("2003")
    w.c.talks()
    own = w.b.dial("*49")
    focus = own.target.split(";")[0]
    for c, n in ((ca, "2001"), (cc, "2003")):
        to = re.search(r"tag=([^;>]+)", c.remote)[1]
        m = own.ask("REFER", extra=f"Refer-To: <{w.at(n)}?Replaces="
                    f"{c.call_id}%3Bto-tag%3D{to}%3Bfrom-tag%3D{c.tag}>\r\n",
                    limit=w.b.limit)
        assert m.status == 202, m
    w.b.until(lambda: len(w.b.state("talking")) == 1, "one call")
    w.b.hang_up(own)
    w.a.hang_up(w.a.talks())
    w.c.idle()                          # alone: it is over


def records(w):
    """a call is recorded for a while"""
    c = w.a.dial("2002")
    w.b.talks()
    id = next(i["id"] for i in w.ask("GET", "calls").json["items"]
              if i["callee"]["number"] == "2002")
    for action in ("start", "stop"):
        w.command(f"calls/{id}/record", phone="bob", action=action)
    w.a.hang_up(c)
    w.b.idle()


def leaves_message(w):
    """a message is left, and heard by its owner"""
    e = w.listen()
    c = w.a.dial("*982004", ears=e)
    e.hears_tone(1000, limit=w.a.limit + 2)
    e.hz = 440
    time.sleep(1.3)                     # the length of what is said
    w.a.hang_up(c)
    box = "mailboxes/dora/messages"
    r = wait(lambda: w.ask("GET", box).json["items"], 3, "a message")[0]
    assert w.ask("GET", f"{box}/{r['id']}/sound").status == 200
    e = w.listen()
    c = w.d.dial("*98", ears=e)
    w.hears(e, "enter-passcode")
    e.press(PASSCODE + "#")
    w.d.hang_up(c)
    assert w.ask("DELETE", f"{box}/{r['id']}").status == 204


def logs_in(w):
    """a user logs in at a shared desk and out"""
    w.desk.dial("*51*2001*7391#")
    w.desk.idle()
    w.a.policy = "ring"
    c = w.b.dial("2001")
    w.desk.talks()
    w.b.hang_up(c)
    w.desk.idle()
    w.desk.dial("*52")


def is_called_back(w):
    """a caller is called back by one who was busy"""
    r = w.ask("PUT", "users/bob/settings", {"when_on_phone": "busy"})
    assert r.status == 200, r
    c = w.c.dial("2002")
    w.b.talks()
    w.a.dial("*37*2002")
    w.c.hang_up(c)
    w.a.until(lambda: w.a.had("INVITE"), "a call back")
    w.b.until(lambda: len(w.b.had("INVITE")) == 2, "a call")
    w.a.hang_up(w.a.talks())


def camps_on(w):
    """a caller waits until who is busy is free"""
    r = w.ask("PUT", "users/bob/settings", {"when_on_phone": "busy"})
    assert r.status == 200, r
    c = w.c.dial("2002")
    w.b.talks()
    c2 = w.a.call("*43*2002")
    assert c2.response(182, w.a.limit)
    w.c.hang_up(c)
    m = c2.final(w.a.limit)
    assert m.status == 200, m
    w.a.hang_up(c2)


def pages(w):
    """a group is paged"""
    c = w.b.dial("*45*2200")
    w.a.talks()
    w.c.talks()
    w.b.hang_up(c)
    w.a.idle()
    w.c.idle()


def is_attended(w):
    """the attendant puts a caller through"""
    e = w.listen()
    c = w.a.dial("2500", ears=e)
    e.press("1")
    w.b.talks()
    w.a.hang_up(c)
    w.b.idle()


def watches(w):
    """a phone watches a number"""
    call_id, tag = "w" + token(), token()
    m = w.c.ask("SUBSCRIBE", w.at("2002"), call_id=call_id, from_tag=tag,
                extra="Event: dialog\r\nExpires: 600\r\n")
    assert m.status == 200, m
    w.c.until(lambda: w.c.had("NOTIFY"))
    c = w.a.dial("2002")
    w.a.hang_up(c)
    w.c.until(lambda: w.c.had("NOTIFY", "terminated"))
    w.c.send(w.c.write("SUBSCRIBE", m.contact, m["to"], call_id, 9, tag,
                       "Event: dialog\r\nExpires: 0\r\n"))
    assert w.c.response("SUBSCRIBE", 200, call_id=call_id)


def goes_out(w):
    """a call goes out by the trunk, another comes in"""
    c = w.a.dial("0145678900")
    w.out.talks()
    w.a.hang_up(c)
    w.out.idle()
    uri = w.at("0145670000")
    call_id, tag = token(), token()
    text = w.out.write("INVITE", uri, f"<{uri}>", call_id, 1, tag, "",
                       sdp(w.out.port)).replace(
        '"liar" <sip:trunk@127.0.0.1>', '<sip:0611111111@example.com>')
    w.out.send(text)
    c = w.out.calls[call_id]["call"]
    m = c.final(w.out.limit)
    assert m.status == 200, m
    w.out.hang_up(c)
    w.b.idle()


def is_made(w):
    """a call made, held and handed over by REST"""
    r = w.ask("POST", "calls", {"phone": "alice", "number": "2002"})
    assert r.status in (200, 201, 202), r
    id = r.json["id"]
    w.b.talks()
    for action in ("hold", "retrieve"):
        w.command(f"calls/{id}/{action}", phone="alice")
    w.command(f"calls/{id}/transfer", phone="bob", number="2003")
    w.c.talks()
    w.a.hang_up(w.a.talks())
    w.c.idle()


def rings_all(w):
    """a group rings, one answers"""
    w.c.policy = "ring"
    c = w.a.dial("2100")
    w.b.talks()
    w.a.hang_up(c)
    w.b.idle()


def is_provisioned(w):
    """a user and a phone come and go"""
    w.put("users", "new", customer="c", extension="2777", name="New")
    w.put("phones", "new", customer="c", user="new", number="2777", line=1,
          type="sip", sip_user="new", sip_secret="s-new")
    for kind in ("phones", "users"):
        r = w.ask("DELETE", f"{kind}/new?generation={next(w.generation)}")
        assert r.status == 204, r


def is_greeted(w):
    """a mailbox gets a greeting, and loses it"""
    path = f"{w.dir}/greeting.wav"
    if not os.path.exists(path):
        ear.write_wav(path, ear.tone(500, 0.5))
    r = w.ask("PUT", "mailboxes/dora/greetings/always",
              raw=open(path, "rb").read(),
              headers={"Content-Type": "audio/wav"})
    assert r.status in (200, 201, 204), r
    r = w.ask("DELETE", "mailboxes/dora/greetings/always")
    assert r.status == 204, r


FEATURES = (registers, talks, gives_up, is_forwarded, hands_over, consults,
            parks, picks_up, meets, confers, records, leaves_message, logs_in,
            is_called_back, camps_on, pages, is_attended, watches, goes_out,
            is_made, rings_all, is_provisioned, is_greeted)
