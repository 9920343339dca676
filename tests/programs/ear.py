"""ear - the RTP side of a test's phone: speaks a tone, presses keys, listens

Prompts are known by their sound.  short_prompts() makes a folder of them in
which each is a third of a second that no other resembles, for suites that
would else listen for minutes; the stories hear those that the build speaks.
Only Python's standard library.
"""
import glob, math, os, random, re, socket, struct, threading, time
import warnings, wave
warnings.simplefilter("ignore", DeprecationWarning)
import audioop
from harness import BUILD, ROOT, wait
import sipua

PROMPTS = f"{ROOT}/{BUILD}/pbx/prompts"
KEYS = "0123456789*#"
PACKET = 320                     # octets of 20 ms as 16 bits


def sound(path):
    """Samples of a WAV file as octets"""
    with wave.open(path) as w:
        assert (w.getframerate(), w.getnchannels(), w.getsampwidth()) == \
            (8000, 1, 2), path
        return w.readframes(w.getnframes())


def write_wav(path, pcm):
    with wave.open(path, "wb") as w:
        w.setparams((1, 2, 8000, 0, "NONE", ""))
        w.writeframes(pcm)


def tone(hz, seconds, level=8000):
    return b"".join(struct.pack("<h", int(level * math.sin(
        2 * math.pi * hz * i / 8000))) for i in range(int(8000 * seconds)))


def short_prompts(folder):
    """The same names, each its own noise of 0.3 s; the beep is as it is"""
    for path in glob.glob(f"{PROMPTS}/*/*.wav"):
        language, name = path.split("/")[-2:]
        os.makedirs(f"{folder}/{language}", exist_ok=True)
        dice = random.Random(f"{language}/{name}")
        pcm = sound(path) if name == "beep.wav" else b"".join(
            struct.pack("<h", dice.randrange(-9000, 9000))
            for _ in range(2400))
        write_wav(f"{folder}/{language}/{name}", pcm)


def share(pcm, hz):
    """Power of one frequency in a sound, 0 to 1"""
    v = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    if not any(v):
        return 0
    w = 2 * math.pi * hz / 8000
    re_ = sum(x * math.cos(w * i) for i, x in enumerate(v))
    im = sum(x * math.sin(w * i) for i, x in enumerate(v))
    return 2 * (re_ * re_ + im * im) / (len(v) * sum(x * x for x in v))


def likeness(a, b):
    """Of two sounds of one length: 1 the same, 0 nothing in common"""
    ra, rb = audioop.rms(a, 2), audioop.rms(b, 2)
    return audioop.findfactor(a, b) * rb / ra if ra and rb else 0


def loudest(pcm, length=3200):
    """Where the loudest part begins"""
    return max(range(0, max(1, len(pcm) - length), PACKET),
               key=lambda i: audioop.rms(pcm[i:i + length], 2))


class Ear:
    def __init__(self):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", 0))
        self.s.settimeout(0.05)
        self.port = self.s.getsockname()[1]
        self.last, self.lost = None, 0   # of the packets
        self.heard, self.hz, self.keys, self.to = b"", 0, [], None
        self.ssrc, self.seq = random.randrange(1 << 32), 7
        self.n, self.up, self.lock = 0, True, threading.Lock()
        for f in (self._hear, self._speak):
            threading.Thread(target=f, daemon=True).start()

    def _hear(self):
        while self.up:
            try:
                p = self.s.recv(2000)
            except (socket.timeout, TimeoutError):
                continue
            except OSError:
                return
            if p[1] & 0x7f == 0:
                seq = struct.unpack(">H", p[2:4])[0]
                if self.last is not None:
                    self.lost += (seq - self.last - 1) & 0xff
                self.last = seq
                with self.lock:
                    self.heard += audioop.ulaw2lin(p[12:], 2)

    def forget(self, octets=None):
        with self.lock:
            self.heard = b"" if octets is None else self.heard[octets:]

    def _send(self, pt, payload, stamp):
        self.seq = (self.seq + 1) & 0xffff
        try:
            self.s.sendto(struct.pack(">BBHII", 0x80, pt, self.seq, stamp,
                                      self.ssrc) + payload, self.to)
        except OSError:
            self.up = False              # closed

    def _speak(self):
        due, key, age = time.monotonic(), None, 0
        while self.up:
            due += 0.02
            time.sleep(max(0, due - time.monotonic()))
            if not self.to or not self.up:
                continue
            self.n += 160
            if key is None and self.keys:
                key, age, begun = self.keys.pop(0), 0, self.n
            if key is not None:       # 100 ms of key, its end three times,
                age += 1              # a pause
                if key != " " and age <= 8:
                    self._send(101, struct.pack(
                        ">BBH", KEYS.index(key), 0x8a if age > 5 else 0x0a,
                        min(age, 5) * 160), begun)
                if age >= 10:
                    key = None
                continue
            pcm = b"".join(struct.pack("<h", int(8000 * math.sin(
                2 * math.pi * self.hz * (self.n + i) / 8000)))
                for i in range(160)) if self.hz else bytes(320)
            self._send(0, audioop.lin2ulaw(pcm, 2), self.n)

    def press(self, keys):
        self.keys.extend(keys)

    def hears(self, pcm, what, limit=12):
        """The sound comes; what was heard up to it is forgotten.  A sound
        begins with a packet, so only those places are looked at.  Of a short
        one (noise, no packet of which is like another) a few packets in
        their order are enough: a busy machine loses some."""
        loud = loudest(pcm)
        part, at = pcm[loud:loud + 3200], [0]
        packets = [pcm[i:i + PACKET] for i in range(0, len(pcm), PACKET)] \
            if len(pcm) <= 4800 else []
        found, end = [], []              # (place, which packet); octets, till

        def matches_packet(i):
            heard = self.heard[i:i + PACKET]
            for k, p in enumerate(packets):
                if len(p) == len(heard) and likeness(p, heard) > 0.9:
                    found[:] = [f for f in found if f[1] < k and
                                i - f[0] < 2 * len(pcm)] + [(i, k)]
                    return len(found) >= 4
            return False

        def is_over():
            """It has come to its end, or its last packets are lost"""
            if len(self.heard) < end[0] and time.monotonic() < end[1]:
                return False
            self.forget(end[0])
            return True

        def truth():
            if end:
                return is_over()
            while at[0] + PACKET <= len(self.heard):
                i = at[0] + loud
                if packets and matches_packet(at[0]):
                    end[:] = (at[0] + (len(packets) - found[-1][1]) * PACKET,
                              time.monotonic() + 1)
                    return is_over()
                if not packets and i + len(part) > len(self.heard):
                    return False
                if not packets and \
                        likeness(part, self.heard[i:i + len(part)]) > 0.9:
                    self.forget(i + len(part))
                    return True
                at[0] += PACKET
            return False
        try:
            wait(truth, limit, f"{what} heard")
        except AssertionError as e:
            raise AssertionError(f"{e}: {len(self.heard) // PACKET} packets "
                                 f"came since, {self.lost} were lost in all, "
                                 f"{len(found)} of it found, loudness "
                                 f"{audioop.rms(self.heard, 2)}")

    def hears_tone(self, hz, limit=12):
        def truth():
            while len(self.heard) >= 3200:
                part = self.heard[:3200]
                self.forget(1600)
                if share(part, hz) > 0.8:
                    return True
            return False
        wait(truth, limit, f"{hz} Hz heard")

    def close(self):
        self.up = False
        self.s.close()


class Phone(sipua.Phone):
    """A phone with an ear, in a language; prompts from a folder"""

    def __init__(self, server, user, secret, language="en", prompts=PROMPTS,
                 register=True):
        super().__init__(server, user, secret)
        self.ear, self.language, self.prompts = None, language, prompts
        if register:
            m = self.register()
            assert m.status == 200, m

    def dial(self, number, limit=5, extra=""):
        """Call until somebody with a voice of its own has answered"""
        if self.ear:
            self.ear.close()
        self.ear = Ear()
        c = self.call(number, body=sipua.sdp(self.ear.port), extra=extra)
        ok = c.final(limit)
        assert ok.status == 200, ok
        self.ear.to = ("127.0.0.1",
                       int(re.search(r"m=audio (\d+)", ok.body)[1]))
        c.ack(ok)
        return c

    def hears(self, *names, **kw):
        for name in names:
            self.ear.hears(sound(f"{self.prompts}/{self.language}/{name}.wav"),
                           name, **kw)

    def press(self, keys):
        self.ear.press(keys)

    def reply_to(self, m):
        self.send(f"SIP/2.0 200 OK\r\nVia: {m['via']}\r\nFrom: {m['from']}\r\n"
                  f"To: {m['to']};tag=x\r\nCall-ID: {m['call-id']}\r\n"
                  f"CSeq: {m['cseq']}\r\nContent-Length: 0\r\n\r\n")

    def close(self):
        if self.ear:
            self.ear.close()
        super().close()


class Media:
    """The media server beside the pbx"""

    def __init__(self, holdfast, dir, base):
        import subprocess
        self.args = [holdfast, "media", "--dir", dir, "--port-base", str(base)]
        self.log, self.popen = f"{dir}/media.log", subprocess.Popen
        self.start()

    def start(self):
        out = open(self.log, "a")
        self.proc = self.popen(self.args, stdout=out, stderr=out)

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def close(self):
        self.proc.terminate()
        assert self.proc.wait(10) == 0, open(self.log).read()[-2000:]
        text = open(self.log).read()
        assert "Sanitizer" not in text and "runtime error" not in text, text
