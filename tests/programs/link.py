"""link - a bad network between a phone and a server: datagrams are lost,
doubled, late and out of order, and it can be cut, one way or both"""
import heapq, os, random, select, socket, sys, threading, time

SEED = int(os.environ.get("SEED", random.randrange(10 ** 6)))


class Link:
    """Datagrams to `port` go on to the server, and its answers back.  Each
    is lost or doubled by chance, and late by delay and up to jitter more,
    so that what is sent in a burst arrives out of order."""

    def __init__(self, to, n=0, loss=0.0, double=0.0, delay=0.0, jitter=0.0):
        self.to, self.dice = to, random.Random(f"{SEED}/{n}")
        self.loss, self.double = loss, double
        self.delay, self.jitter = delay, jitter
        self.outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.outer.bind(("127.0.0.1", 0))
        self.port = self.outer.getsockname()[1]
        self.inner, self.owner = {}, {}
        self.late, self.count, self.seen, self.lost = [], 0, 0, 0
        self.cut_until = {"out": 0, "in": 0}
        self.up = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def cut(self, seconds, *ways):
        """Nothing passes for so long: "out" of the phone, "in" to it"""
        for way in ways or ("out", "in"):
            self.cut_until[way] = time.monotonic() + seconds

    def mend(self):
        """From now on all is well"""
        self.loss = self.double = self.delay = self.jitter = 0
        self.cut_until = {"out": 0, "in": 0}

    def close(self):
        self.up = False
        self.thread.join(3)
        for s in (self.outer, *self.owner):
            s.close()

    def _inner(self, phone):
        if phone not in self.inner:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.0.0.1", 0))
            self.inner[phone], self.owner[s] = s, phone
        return self.inner[phone]

    def _take(self, way, s, data, to):
        now, d = time.monotonic(), self.dice
        self.seen += 1
        if now < self.cut_until[way] or d.random() < self.loss:
            self.lost += 1
            return
        for _ in range(2 if d.random() < self.double else 1):
            self.count += 1
            heapq.heappush(self.late, (
                now + self.delay + d.random() * self.jitter, self.count,
                s, data, to))

    def _run(self):
        while self.up:
            now = time.monotonic()
            while self.late and self.late[0][0] <= now:
                _, _, s, data, to = heapq.heappop(self.late)
                try:
                    s.sendto(data, to)
                except OSError:
                    pass             # nobody is there any more
            wait = self.late[0][0] - now if self.late else 0.5
            ready, _, _ = select.select([self.outer, *self.owner], [], [],
                                        min(wait, 0.5))
            for s in ready:
                try:
                    data, source = s.recvfrom(65536)
                except OSError:
                    continue
                if s is self.outer:
                    self._take("out", self._inner(source), data, self.to)
                else:
                    self._take("in", self.outer, data, self.owner[s])
