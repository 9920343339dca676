"""harness - start one of our servers for a test, ask it, count ok lines

Only Python's standard library.  A test is a function with a docstring that
is its sentence; run(globals()) runs them in order and prints ok / not ok.
"""
import atexit, base64, concurrent.futures, fcntl, glob, hashlib, http.client
import json, os, pwd, random, shutil, signal, socket, struct, subprocess, sys
import tempfile, threading, time, traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("HOLDFAST_BUILD", "build")
HOLDFAST = f"{ROOT}/{BUILD}/holdfast"


held = []


def free_base():
    """A port base that is nobody else's, held by a lock

    Servers listen in even thousands, sound goes in the odd ones above, all
    below the ports that the kernel gives out.  ctl/story and programs/up hold
    theirs the same way.
    """
    while True:
        base = 10000 + random.randrange(11) * 2000 + random.randrange(3) * 200
        lock = open(f"/tmp/holdfast-ports-{base}", "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for offset in (60, 61, 70, 71, 80, 81, 82, 83, 84, 160, 161, 162):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as s:
                        if kind == socket.SOCK_STREAM:
                            s.setsockopt(socket.SOL_SOCKET,
                                         socket.SO_REUSEADDR, 1)
                        s.bind(("127.0.0.1", base + offset))
        except OSError:
            lock.close()
            time.sleep(0.01)
            continue
        held.append(lock)
        if len(held) > 6:
            held.pop(0).close()
        return base


def wait(truth, limit=10, what="it"):
    """Wait until truth() is true; its value"""
    end = time.monotonic() + limit
    while True:
        value = truth()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {limit} s")
        time.sleep(0.02)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json.get("code")

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


class Server:
    """One running server program"""

    def __init__(self, name, offset, dir=None, base=None, env=None, args=()):
        self.name, self.base = name, base or free_base()
        self.port = self.base + offset
        self.dir = dir or tempfile.mkdtemp(prefix=f"holdfast-{name}-")
        self.env, self.args = env or {}, list(args)
        self.log = f"{self.dir}/{name}.log"
        self.start()

    def start(self, env=None):
        self.proc = subprocess.Popen(
            [HOLDFAST, self.name, "--dir", self.dir, "--port-base",
             str(self.base), *self.args],
            stdout=open(self.log, "a"), stderr=subprocess.STDOUT,
            env={**os.environ, **(self.env if env is None else env)})
        def up():
            if self.proc.poll() is not None:
                raise AssertionError(f"{self.name} ended with "
                                     f"{self.proc.returncode}:\n" +
                                     open(self.log).read()[-3000:])
            try:
                return self.ask("GET", "/healthz", token=None).status == 200
            except OSError:
                return False
        wait(up, 15, f"{self.name} to answer")
        with open(f"{self.dir}/{self.name}/token") as f:
            self.token = f.read().strip()

    def ask(self, method, path, body=None, token="", headers=None, raw=None,
            timeout=10):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        h = dict(headers or {})
        if token == "":
            token = self.token
        if token:
            h["Authorization"] = f"Bearer {token}"
        data = raw
        if body is not None:
            data = json.dumps(body)
            h.setdefault("Content-Type", "application/json")
        try:
            c.request(method, path, data, h)
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            c.close()

    def put(self, kind, id, generation=1, **fields):
        r = self.ask("PUT", f"/api/v1/{kind}/{id}",
                     {"generation": generation, **fields})
        assert r.status in (200, 201), r
        return r

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def stop(self):
        """End it as an operator does; its exit code"""
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGCONT)
            self.proc.terminate()
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        return self.proc.returncode

    def close(self):
        code = self.stop()
        with open(self.log) as f:
            text = f.read()
        if code or "Sanitizer" in text or "runtime error" in text:
            print(f"# {self.name} ended with {code}; log:\n" + text[-4000:],
                  file=sys.stderr)
            raise AssertionError(f"{self.name} ended with {code}")
        shutil.rmtree(self.dir, ignore_errors=True)


class WebSocket:
    """A client, enough for tests: text frames, pings answered"""

    def __init__(self, port, path, token=None, timeout=10):
        self.s = socket.create_connection(("127.0.0.1", port), timeout)
        auth = f"Authorization: Bearer {token}\r\n" if token else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall((f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Key: {key}\r\n"
                        f"Sec-WebSocket-Version: 13\r\n{auth}\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            got = self.s.recv(1)
            assert got, head
            head += got
        self.status = int(head.split()[1])

    def _read(self, n):
        out = b""
        while len(out) < n:
            got = self.s.recv(n - len(out))
            if not got:
                raise EOFError
            out += got
        return out

    def frame(self):
        """(opcode, payload)"""
        a, b = self._read(2)
        n = b & 0x7f
        if n == 126:
            n = struct.unpack(">H", self._read(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self._read(8))[0]
        mask = self._read(4) if b & 0x80 else None
        data = self._read(n)
        if mask:
            data = bytes(x ^ mask[i % 4] for i, x in enumerate(data))
        return a & 0x0f, data

    def send(self, data, opcode=1):
        if isinstance(data, (dict, list)):
            data = json.dumps(data)
        if isinstance(data, str):
            data = data.encode()
        mask = os.urandom(4)
        head = bytes([0x80 | opcode])
        if len(data) < 126:
            head += bytes([0x80 | len(data)])
        else:
            head += bytes([0x80 | 126]) + struct.pack(">H", len(data))
        self.s.sendall(head + mask + bytes(
            x ^ mask[i % 4] for i, x in enumerate(data)))

    def next(self, type=None):
        """The next JSON message (of a type)"""
        while True:
            op, data = self.frame()
            if op == 9:
                self.send(data, 10)
            elif op == 8:
                raise EOFError(struct.unpack(">H", data[:2])[0])
            elif op == 1:
                m = json.loads(data)
                if type is None or m["type"] == type:
                    return m

    def close(self):
        self.s.close()


class WebSocketServer:
    """The other end, for the pbx's part: on_open(connection, path)"""

    def __init__(self, on_open, port=0):
        self.l = socket.socket()
        self.l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.l.bind(("127.0.0.1", port))
        self.l.listen()
        self.port = self.l.getsockname()[1]
        self.on_open, self.open = on_open, []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                s, _ = self.l.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(s,), daemon=True).start()

    def _one(self, s):
        head = b""
        while b"\r\n\r\n" not in head:
            got = s.recv(1000)
            if not got:
                return
            head += got
        fields = dict(l.split(": ", 1) for l in
                      head.decode().split("\r\n")[1:] if ": " in l)
        fields = {k.lower(): v for k, v in fields.items()}
        accept = base64.b64encode(hashlib.sha1(
            (fields["sec-websocket-key"] +
             "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept +
                  b"\r\n\r\n")
        self.open.append(s)
        self.on_open(self, s, head.decode().split()[1])
        ws = WebSocket.__new__(WebSocket)
        ws.s = s
        try:
            while True:
                op, data = ws.frame()
                if op == 9:
                    s.sendall(bytes([0x8a, len(data)]) + data)
                elif op == 8:
                    break
        except (EOFError, OSError):
            pass
        s.close()

    @staticmethod
    def send(s, message):
        data = json.dumps(message).encode()
        head = bytes([0x81]) + (bytes([len(data)]) if len(data) < 126 else
                                bytes([126]) + struct.pack(">H", len(data)))
        s.sendall(head + data)

    def close(self):
        self.l.close()
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Postgres:
    """A private database server on a socket in a folder of its own"""

    def __init__(self, name):
        self.dir = tempfile.mkdtemp(prefix=f"{name}-pg-")
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.user = None
        if os.geteuid() == 0:  # it refuses to run as root
            self.user = "nobody"
            os.chown(self.dir, pwd.getpwnam("nobody").pw_uid, -1)
        self.tool("initdb", "-D", f"{self.dir}/db", "-A", "trust", "-U", "hf")
        self.tool("pg_ctl", "-D", f"{self.dir}/db", "-w", "-l",
                  f"{self.dir}/log", "-o",
                  f"-k {self.dir} -c listen_addresses=", "start")
        self.tool("createdb", "-h", self.dir, "-U", "hf", name)
        self.url = f"postgres://hf@/{name}?host={self.dir}"

        atexit.register(self.close)

    def tool(self, name, *args):
        subprocess.run([f"{self.bin}/{name}", *args], check=True,
                       user=self.user, cwd=self.dir,
                       stdout=subprocess.DEVNULL)

    def close(self):
        if not os.path.isdir(self.dir):
            return
        self.tool("pg_ctl", "-D", f"{self.dir}/db", "-m", "immediate", "stop")
        shutil.rmtree(self.dir, ignore_errors=True)


def alone(f):
    """A test that no other may run beside, where jobs are run together"""
    f.is_alone = True
    return f


def run(names, suite, jobs=1):
    """Run every test_… function of a module; exit with their verdict.  With
    jobs, that many at a time, but for those that are alone.  Arguments
    test_... choose some of them."""
    failed, pool = [], []
    chosen = [a for a in sys.argv[1:] if a.startswith("test_")]

    def one(f):
        try:
            f()
            print(f"ok {suite}: {f.__doc__}\n", end="", flush=True)
        except Exception:
            failed.append(f)
            traceback.print_exc()
            print(f"not ok {suite}: {f.__doc__}\n", end="", flush=True)

    def together():
        with concurrent.futures.ThreadPoolExecutor(jobs) as threads:
            list(threads.map(one, pool))
        pool.clear()

    for name, f in list(names.items()):
        if not name.startswith("test_") or (chosen and name not in chosen):
            continue
        if jobs > 1 and not getattr(f, "is_alone", False):
            pool.append(f)
            continue
        together()
        one(f)
    together()
    sys.exit(1 if failed else 0)
