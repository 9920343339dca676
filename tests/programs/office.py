"""office - a small customer of its own for each case of a test, with people,
phones, a trunk and classes, so that cases run beside each other"""
import itertools, os, sys, threading, time, traceback
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import wait
from sipua import Call, Phone, Timeout, sdp, token

PEOPLE = {"alice": "2001", "bob": "2002", "carol": "2003", "dora": "2004"}
numbers = itertools.count(1)
generations = itertools.count(1)


class Provider(Phone):
    """The other end of a trunk"""

    def pong(self):
        m = self.request("OPTIONS", 10)
        Call.of_invite(self, m).reply(200, "OK", to=m)

    def invite(self, number, who="0611111111", extra="", name="Outside"):
        """Call in, without digest; a Call"""
        uri = f"sip:{number}@127.0.0.1:{self.server[1]}"
        call_id, tag = token(), token()
        text = self.write("INVITE", uri, f"<{uri}>", call_id, 1, tag, extra,
                          sdp(self.port)).replace(
            f'"liar" <sip:{self.user}@127.0.0.1>',
            f'"{name}" <sip:{who}@provider.example>')
        self.send(text)
        return Call(self, text, call_id, 1, tag, uri, f"<{uri}>")


class Office:
    def __init__(self, pbx):
        self.pbx, self.id = pbx, f"o{next(numbers)}"
        self.sip = ("127.0.0.1", pbx.base + 60)
        self.phones, self.users, self.customer_fields = {}, {}, {}
        self.customer()

    def put(self, kind, id, **fields):
        r = self.pbx.ask("PUT", f"/api/v1/{kind}/{id}",
                         {"generation": next(generations), **fields})
        assert r.status in (200, 201), r
        return r

    def customer(self, **fields):
        self.customer_fields.update(fields)
        self.put("customers", self.id, web_id=self.id, name=self.id,
                 extension_length=4, time_zone="Europe/Paris",
                 **self.customer_fields)

    def user(self, name, **fields):
        """Make or change a user"""
        old = self.users.setdefault(name, {})
        old.update(fields)
        self.put("users", f"{self.id}-{name}", customer=self.id,
                 extension=PEOPLE[name], name=name.title(), **old)

    def people(self, *names):
        """Users with a registered phone each"""
        return [self.phone(n) for n in names]

    def phone(self, name, suffix="", ears=False):
        """A registered phone of a user; one with ears has RTP, too"""
        id = f"{self.id}-{name}{suffix}"
        if name not in self.users:
            self.user(name)
        self.put("phones", id, customer=self.id, user=f"{self.id}-{name}",
                 number=PEOPLE[name] + suffix, line=1, type="sip", sip_user=id,
                 sip_secret=f"s-{id}", ring_with_user=True)
        if ears:
            import ear
            p = ear.Phone(self.sip, id, f"s-{id}", prompts=self.pbx.prompts,
                          register=False)
        else:
            p = Phone(self.sip, id, f"s-{id}", PEOPLE[name] + suffix)
        self.phones[id] = p
        assert p.register().status == 200
        return p

    def classed(self, kind, name, **fields):
        """Give a user a class that has these"""
        id = f"{self.id}-{name}-{kind}"
        self.put({"cos": "coses", "cor": "cors"}[kind], id, customer=self.id,
                 name=id, **fields)
        if self.users.get(name, {}).get(kind) != id:
            self.user(name, **{kind: id})

    def cos(self, name, **fields):
        self.classed("cos", name, **fields)

    def cor(self, name, **fields):
        self.classed("cor", name, **fields)

    def settings(self, name, **fields):
        r = self.pbx.ask("PUT", f"/api/v1/users/{self.id}-{name}/settings",
                         fields)
        assert r.status == 200, r

    def setting(self, name):
        return self.pbx.ask(
            "GET", f"/api/v1/users/{self.id}-{name}/settings").json

    def trunk(self, suffix="", **fields):
        """A provider; numbers of seven digits and more go to it"""
        p = Provider(self.sip, f"{self.id}-trunk{suffix}", "")
        self.phones[p.user] = p
        self.put("trunks", p.user, **{
            "name": p.user, "host": "127.0.0.1", "port": p.port,
            "customer": self.id, **fields})
        p.pong()
        return p

    def did(self, number, **to):
        self.put("dids", f"{self.id}-{number.strip('+')}", customer=self.id,
                 start=number, **to)

    # --- what is seen ---

    def dials(self, phone, number, extra=""):
        """Dial; the final answer"""
        c = phone.call(number, extra=extra)
        assert isinstance(c, Call), c
        m = c.final(8)
        c.ack(m)
        return m

    def rings(self, caller, number, *rung, limit=8.0):
        """Dial; the first one rung gets it; both ends"""
        c = caller.call(number)
        i = rung[0].incoming(limit)
        return c, i

    def refused(self, phone, number, status=403):
        m = self.dials(phone, number)
        assert m.status == status, m

    def talk(self, caller, number, callee):
        """A call that is answered; both ends"""
        c, i = self.rings(caller, number, callee)
        i.answer()
        ok = c.final(8)
        assert ok.status == 200, ok
        c.ack(ok)
        return c, i

    def end(self, *calls):
        for c in calls:
            c.bye()

    def calls(self):
        return [c for c in
                self.pbx.ask("GET", "/api/v1/calls").json["items"]
                if c["customer"] == self.id]

    def records(self, n=1):
        def get():
            items = self.pbx.ask(
                "GET", f"/api/v1/cdrs?filter[customer]={self.id}"
            ).json["items"]
            return items if len(items) >= n else None
        return wait(get, 5, f"{n} records")

    def close(self):
        for c in self.calls():
            self.pbx.ask("DELETE", f"/api/v1/calls/{c['id']}")
        for id, p in self.phones.items():
            if isinstance(p, Provider):  # its port may be a phone's next
                self.pbx.ask("DELETE", f"/api/v1/trunks/{id}?generation="
                                       f"{next(generations)}")
            p.close()


def beside(pbx, cases, threads=8):
    """Run (sentence, function of an Office) beside each other; how many
    failed"""
    lock = threading.Lock()

    def one(case):
        sentence, f = case
        fault = None
        office = None
        try:
            office = Office(pbx)
            f(office)
        except Exception:
            fault = traceback.format_exc()
        finally:
            if office:
                office.close()
        with lock:
            if fault:
                print(fault, file=sys.stderr)
            print(f"{'not ok' if fault else 'ok'} {sentence}", flush=True)
        return bool(fault)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(one, cases))
