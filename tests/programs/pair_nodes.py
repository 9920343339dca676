"""pair_nodes - a pair of pbxs and their witness, on wires that can be cut

Each of the six ways between the three goes through a wire of its own; a wire
that is cut loses what is on it and takes nothing new.
"""
import os, select, socket, subprocess, sys, tempfile, threading, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import HOLDFAST, Server, free_base, wait
from sipua import Call, Message, Phone

LEASE_MS = 1500


class Wire:
    """Carries TCP to a port, until it is cut"""

    def __init__(self, port):
        self.to, self.is_cut, self.open = port, False, []
        self.l = socket.socket()
        self.l.bind(("127.0.0.1", 0))
        self.l.listen(64)
        self.port = self.l.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            s, _ = self.l.accept()
            threading.Thread(target=self._carry, args=(s,),
                             daemon=True).start()

    def _carry(self, a):
        """Both ways; while it is cut nothing passes, nor is anything said"""
        try:
            b = socket.create_connection(("127.0.0.1", self.to), 5)
        except OSError:
            a.close()
            return
        try:
            while True:
                ready, _, _ = select.select([a, b], [], [], 0.05)
                if self.is_cut:
                    time.sleep(0.02)
                    continue
                for s in ready:
                    got = s.recv(65536)
                    if not got:
                        return
                    (b if s is a else a).sendall(got)
        except OSError:
            pass
        finally:
            a.close()
            b.close()


class Node(Server):
    """One of the three; its folder is named otherwise than its command"""

    def __init__(self, program, folder, offset, dir, base, args):
        self.folder = folder
        os.makedirs(f"{dir}/{folder}", exist_ok=True)
        super().__init__(program, offset, dir=dir, base=base, args=args)
        self.sip = ("127.0.0.1", base + (160 if folder == "pbx2" else 60))

    def start(self, env=None):
        name, self.name = self.name, self.name
        self.log = f"{self.dir}/{self.folder}.log"
        self.proc = subprocess.Popen(
            [HOLDFAST, self.name, "--dir", self.dir, "--port-base",
             str(self.base), *self.args],
            stdout=open(self.log, "a"), stderr=subprocess.STDOUT,
            env={**os.environ, **(self.env if env is None else env)})

        def up():
            if self.proc.poll() is not None:
                raise AssertionError(f"{self.folder} ended with "
                                     f"{self.proc.returncode}:\n" +
                                     open(self.log).read()[-3000:])
            try:
                return self.ask("GET", "/healthz", token=None).status == 200
            except OSError:
                return False
        wait(up, 15, f"{self.folder} to answer")
        with open(f"{self.dir}/{self.folder}/token") as f:
            self.token = f.read().strip()

    def state(self):
        return self.ask("GET", "/api/v1/pair").json

    def holds(self):
        return self.state()["lease"]


class Pair:
    """primary, secondary and witness in one folder"""

    def __init__(self, args=()):
        self.dir = tempfile.mkdtemp(prefix="holdfast-pair-")
        self.base = free_base()
        self.wires = {(a, b): Wire(self.base + port)
                      for a in "psw" for b, port in
                      (("p", 82), ("s", 162), ("w", 84)) if a != b}
        lease = ["--lease-ms", str(LEASE_MS)]
        self.witness = Node("witness", "witness", 84, self.dir, self.base,
                            lease)
        self.primary = Node(
            "pbx", "pbx", 82, self.dir, self.base,
            [*lease, "--secondary", self.wires["p", "s"].url, "--witness",
             self.wires["p", "w"].url, *args])
        self.secondary = Node(
            "pbx", "pbx2", 162, self.dir, self.base,
            [*lease, "--secondary-of", self.wires["s", "p"].url, "--witness",
             self.wires["s", "w"].url, *args])
        self.nodes = [self.primary, self.secondary]
        self.generation = 0
        self.is_cut = False

    def cut(self, *who):
        """Cut one off from the others, or two from each other: "p", "ps" """
        self.is_cut = True
        for pairs in who:
            for (a, b), wire in self.wires.items():
                if pairs in (a, b) or pairs in (a + b, b + a):
                    wire.is_cut = True

    def heal(self):
        self.is_cut = False
        for wire in self.wires.values():
            wire.is_cut = False

    def linked(self, limit=10):
        wait(lambda: all(n.state()["linked"] and n.state()["current"] and
                         n.state()["read"] for n in self.nodes), limit,
             "the nodes read each other")

    def leased(self, node, limit=10):
        wait(node.holds, limit, f"{node.folder} has the lease")

    def put(self, kind, id, **fields):
        self.generation += 1
        return self.primary.put(kind, id, self.generation, **fields)

    def remove(self, kind, id):
        self.generation += 1
        r = self.primary.ask("DELETE", f"/api/v1/{kind}/{id}"
                                       f"?generation={self.generation}")
        assert r.status == 204, r

    def customer(self, id="acme", users=(("alice", "2001"), ("bob", "2002"),
                                         ("carol", "2003")), **fields):
        self.put("customers", id, web_id=id, name=id.title(),
                 extension_length=4, time_zone="Europe/Paris")
        for name, extension in users:
            self.put("users", f"{id}-{name}", customer=id,
                     extension=extension, name=name.title(), **fields)
            self.put("phones", f"{id}-{name}-0", customer=id,
                     user=f"{id}-{name}", number=extension, line=1,
                     type="sip", sip_user=f"{id}-{name}-0",
                     sip_secret=f"s-{id}-{name}-0", ring_with_user=True)

    def phone(self, node, name, id="acme"):
        p = Handset(node.sip, f"{id}-{name}-0", f"s-{id}-{name}-0")
        assert p.register().status == 200
        self.follows(node)
        return p

    def follows(self, node):
        """What is registered is known at the other node"""
        other = self.secondary if node is self.primary else self.primary
        if other.proc.poll() is None and not self.is_cut:
            self.linked(15)
            here = {r["phone"] for r in node.ask(
                "GET", "/api/v1/registrations").json["items"]}
            wait(lambda: other.state()["elsewhere"] == len(here), 10,
                 f"{here} are known at the other node")

    def close(self):
        for n in (*self.nodes, self.witness):
            if n.proc.poll() is None:
                n.stop()
        bad = []
        for n in (*self.nodes, self.witness):
            text = open(n.log).read()
            if "Sanitizer" in text or "runtime error" in text:
                print(f"# {n.folder}:\n" + text[-6000:], file=sys.stderr)
                bad.append(n.folder)
        assert not bad, bad


class Handset(Phone):
    """A phone with the patience that a busy machine needs"""

    def next(self, want=None, limit=3.0):
        return super().next(want, limit if limit < 1 else max(limit, 15))


class Registrar(Phone):
    """A provider that keeps bindings, and remembers how many there were"""

    def __init__(self):
        super().__init__(None, "registrar", "")
        self.bindings, self.most, self.ended = {}, 0, False
        self.registers = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while not self.ended:
            try:
                self.s.settimeout(0.2)
                data, source = self.receive()
            except (socket.timeout, TimeoutError):
                continue
            except OSError:
                return
            if len(data) < 10:
                continue
            m = Message(data, source)
            if m.is_request and m.method in ("REGISTER", "OPTIONS"):
                self._take(m)
            else:
                self.server = m.source
                self.pending.append(m)

    def _take(self, m):
        now = time.monotonic()
        if m.method == "REGISTER":
            self.registers += 1
            expires = int(m["expires"] or 3600)
            if m["contact"] == "*":
                self.bindings = {}
            elif expires:
                self.bindings[m.contact] = now + expires
            else:
                self.bindings.pop(m.contact, None)
        live = [c for c, t in self.bindings.items() if t > now]
        self.most = max(self.most, len(live))
        extra = "".join(f"Contact: <{c}>;expires=60\r\n" for c in live)
        vias = "".join(f"Via: {v}\r\n" for v in m.all("via"))
        self.send(f"SIP/2.0 200 OK\r\n{vias}From: {m['from']}\r\n"
                  f"To: {m['to']};tag=r\r\nCall-ID: {m['call-id']}\r\n"
                  f"CSeq: {m['cseq']}\r\n{extra}Content-Length: 0\r\n\r\n",
                  m.source)

    def incoming(self, limit=3.0):
        """What _run() has put aside"""
        wait(lambda: [m for m in self.pending if m.method == "INVITE"],
             limit, "an INVITE")
        m = [m for m in self.pending if m.method == "INVITE"][0]
        self.pending.remove(m)
        return Call.of_invite(self, m)

    def next(self, want=None, limit=3.0):
        wait(lambda: [m for m in self.pending if want is None or want(m)],
             limit, "a message")
        m = [m for m in self.pending if want is None or want(m)][0]
        self.pending.remove(m)
        return m

    def live(self):
        """Ports of those registered now"""
        now = time.monotonic()
        return sorted(int(c.split(":")[-1].split(";")[0])
                      for c, t in self.bindings.items() if t > now)

    def close(self):
        self.ended = True
        super().close()
