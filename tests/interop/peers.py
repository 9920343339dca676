"""peers - other people's phones, led by tests: SIPp, baresip, linphone

start() starts the pbx they register at.  A phone says a tone of its own and
records what it hears; hears() measures the end of that recording.  Only
Python's standard library.
"""
import atexit, ctypes, itertools, json, math, os, random, shutil, socket, struct, subprocess
import signal, sys, tempfile, wave
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "programs"))
from harness import HOLDFAST, Server, wait
import ear

MODULES = "/usr/lib/baresip/modules"
WORK = tempfile.mkdtemp(prefix="holdfast-phones-")
# a phone takes the next one for TLS
ports = itertools.count(random.randrange(10000, 20000, 50), 2)
rtp_ports = itertools.count(40000 + random.randrange(0, 150) * 100, 40)


def tied():
    """In a child: end with the test"""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def popen(*args, **kw):
    """A program that no failing test leaves behind"""
    proc = subprocess.Popen(*args, preexec_fn=tied, **kw)
    atexit.register(lambda: proc.poll() is None and proc.kill())
    return proc


def start(*args, media=False):
    """The pbx, perhaps with its media server"""
    global pbx, SIP, TLS, voice
    voice = None
    pbx = Server("pbx", 82, args=list(args))
    SIP = f"127.0.0.1:{pbx.base + 60}"
    TLS = f"127.0.0.1:{pbx.base + 61}"
    pbx.put("customers", "c1", web_id="acme", name="Acme", extension_length=4,
            time_zone="UTC")
    if media:
        voice = ear.Media(HOLDFAST, pbx.dir, pbx.base)
        wait(lambda: b"holdfast_media_up 1\n" in
             pbx.ask("GET", "/metrics", token=None).body, 20, "media")
    return pbx


def end():
    if voice:
        voice.close()
    pbx.close()
    shutil.rmtree(WORK, ignore_errors=True)


def user(n, **fields):
    """User n with phone n"""
    pbx.put("users", f"u{n}", customer="c1", extension=str(2000 + n),
            name=f"User {n}", **fields)
    pbx.put("phones", f"p{n}", customer="c1", user=f"u{n}",
            number=str(2000 + n), line=1, type="sip", sip_user=f"sip{n}",
            sip_secret=f"secret{n}")


def free_port():
    """One that UDP and TCP have free, below those of connections"""
    while True:
        port = next(ports)
        try:
            for k in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, k) as s:
                    s.bind(("127.0.0.1", port))
            return port
        except OSError:
            pass


def listening(port):
    """Wait until a UDP port is taken"""
    def taken():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind(("127.0.0.1", port))
                return False
            except OSError:
                return True
    wait(taken, 5, f"port {port} to be taken")


def records(**wanted):
    """Records of calls whose parties have these phones, newest first"""
    return [c for c in pbx.ask("GET", "/api/v1/cdrs?page[size]=100")
            .json["items"] if all((c[k] or {}).get("phone") == v
                                  for k, v in wanted.items())]


def last_cdr():
    items = records()
    return items[0] if items else None


def registered(n):
    return pbx.ask("GET", f"/api/v1/registrations?filter[phone]=p{n}"
                   ).json["items"]


def write_tone(path, hz, seconds=10, rate=8000):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(struct.pack(f"<{rate * seconds}h", *(
            int(8000 * math.sin(2 * math.pi * hz * i / rate))
            for i in range(rate * seconds))))


def samples(path):
    """(rate, what a WAV has by now), also while it is being written"""
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError:
        return 8000, b""
    if data[:44] == bytes(44):      # linphone writes its head at the end
        return 8000, data[44:len(data) & ~1]
    at = data.find(b"data")
    if at < 0:
        return 8000, b""
    pcm = data[at + 8:]
    if data[22] == 2:               # the left of two channels
        pcm = b"".join(pcm[i:i + 2] for i in range(0, len(pcm) - 3, 4))
    return struct.unpack_from("<I", data, 24)[0], pcm[:len(pcm) & ~1]


class Phone:
    """What a test wants of any of them"""

    def ear_file(self):
        raise NotImplementedError

    def parts(self):
        """Tenths of a second that it heard since the last look, or in the
        last one"""
        path = self.ear_file()
        rate, pcm = samples(path)
        n = rate // 10 * 2
        at = max(self.looked.get(path, 0), len(pcm) - 20 * n)
        at -= at % n
        out = [pcm[i:i + n] for i in range(at, len(pcm) - n + 1, n)]
        self.looked[path] = at + len(out) * n
        return rate, out

    def hears(self, hz, limit=8, least=0.7):
        """This tone is so much of two tenths of a second on end"""
        self.run = 0

        def truth():
            rate, parts = self.parts()
            for part in parts:
                self.run = self.run + 1 if share(
                    part, hz * 8000 / rate) > least else 0
                if self.run == 2:
                    return True
        self.wait(truth, limit, f"{self.n} hears {hz} Hz")

    def hears_music(self, hz, limit=8):
        """Half a second of something, none of it the other's tone"""
        self.run = 0

        def truth():
            rate, parts = self.parts()
            for part in parts:
                self.run = self.run + 1 if any(part) and share(
                    part, hz * 8000 / rate) < 0.1 else 0
                if self.run == 5:
                    return True
        self.wait(truth, limit, f"{self.n} hears other than {hz} Hz")

    def wait(self, truth, limit, what):
        """Failing, tell what the phone said"""
        try:
            return wait(truth, limit, what)
        except AssertionError as e:
            self.poll()
            raise AssertionError(f"{e}; it said:\n" +
                                 self.said()[self.from_:][-2500:])

    def registers(self, limit=12):
        self.wait(lambda: self.proc.poll() is not None or registered(self.n),
                  limit, f"registration of {self.n}")
        assert self.proc.poll() is None, self.said()[-1500:]

    def saw(self, *texts, limit=8):
        """It said one of these since forget()"""
        def truth():
            self.poll()
            return any(t in self.said()[self.from_:] for t in texts)
        self.wait(truth, limit, f"{self.n} says {texts}")

    def forget(self):
        self.poll()
        self.from_ = len(self.said())

    def poll(self):
        pass

    def close(self):
        self.proc.terminate()
        try:
            self.proc.wait(3)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()


share = ear.share


class Baresip(Phone):
    """One baresip, driven by its control port; what it said are events"""

    def __init__(self, n, auto=False, tone=440, transport="udp", more="",
                 codec="PCMU", media=""):
        """codec: one or several with '+'; media: of an account's mediaenc"""
        self.n, self.tone, self.from_, self.looked = n, tone, 0, {}
        rate = 8000 if "PCM" in codec.split("+")[0] else 16000
        names = {"opus": "opus/48000/2", "G722": "G722/16000/1"}
        more += ";audio_codecs=" + "+".join(
            names.get(c, c + "/8000/1") for c in codec.split("+")).replace(
                "+", ",")
        if media:
            more += f";mediaenc={media}"
        self.dir = tempfile.mkdtemp(dir=WORK, prefix=f"baresip{n}-")
        self.port, self.ctrl, rtp = free_port(), free_port(), next(rtp_ports)
        write_tone(f"{self.dir}/tone.wav", tone, rate=rate)
        with open(f"{self.dir}/config", "w") as f:
            f.write(f"""poll_method epoll
sip_listen 127.0.0.1:{self.port}
sip_cafile {pbx.dir}/tls/ca.pem
call_max_calls 4
audio_player aubridge,none
audio_source aufile,{self.dir}/tone.wav
audio_alert aufile,{self.dir}/alert.wav
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
net_interface 127.0.0.1
rtp_ports {rtp}-{rtp + 38}
ctrl_tcp_listen 127.0.0.1:{self.ctrl}
module_path {MODULES}
module opus.so
module g722.so
module g711.so
module srtp.so
module aufile.so
module aubridge.so
module sndfile.so
snd_path {self.dir}
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
""")
        server = TLS if transport == "tls" else SIP
        self.at = server + (";transport=tls" if transport == "tls" else "")
        mode = ";answermode=auto" if auto else ""
        with open(f"{self.dir}/accounts", "w") as f:
            f.write(f"<sip:sip{n}@{server};transport={transport}>;"
                    f"auth_user=sip{n};auth_pass=secret{n};regint=600"
                    f"{mode}{more}\n")
        open(f"{self.dir}/contacts", "w").close()
        self.log = open(f"{self.dir}/log", "w")
        self.proc = popen(
            ["baresip", "-f", self.dir], stdin=subprocess.PIPE,
            stdout=self.log, stderr=subprocess.STDOUT, cwd=self.dir)

        def connect():
            assert self.proc.poll() is None, open(f"{self.dir}/log").read()
            try:
                return socket.create_connection(("127.0.0.1", self.ctrl), 1)
            except OSError:
                return None
        self.s = wait(connect, 10, "baresip's control port")
        self.data, self.events = b"", []
        self.registers()

    def command(self, command, params=""):
        text = json.dumps({"command": command, "params": params}).encode()
        self.s.sendall(b"%d:%s," % (len(text), text))

    def call(self, number):
        self.command("dial", f"sip:{number}@{self.at}")

    def press(self, keys):
        """In the call"""
        for k in keys:
            self.command("sndcode", k)

    def poll(self):
        self.s.settimeout(0.02)
        try:
            self.data += self.s.recv(65536)
        except (socket.timeout, TimeoutError):
            pass
        while b":" in self.data:
            n, _, rest = self.data.partition(b":")
            if len(rest) < int(n) + 1:
                break
            message = json.loads(rest[:int(n)])
            self.data = rest[int(n) + 1:]
            if message.get("event"):
                self.events.append(message["type"] + " " +
                                   message.get("param", ""))

    def said(self):
        return "\n".join(self.events)

    def ear_file(self):
        files = [f"{self.dir}/{f}" for f in os.listdir(self.dir)
                 if f.endswith("dec.wav")]
        return max(files, key=os.path.getmtime) if files else "/dev/null"

    def close(self):
        super().close()
        self.s.close()
        self.log.close()


class Linphone(Phone):
    """One linphonec, driven by its prompt; sound from and to files"""

    def __init__(self, n, tone=440, transport="udp", media=""):
        """media: of the setting media_encryption; it is mandatory then"""
        self.n, self.tone, self.from_, self.looked = n, tone, 0, {}
        self.dir = tempfile.mkdtemp(dir=WORK, prefix=f"linphone{n}-")
        os.makedirs(f"{self.dir}/.local/share/linphone")
        os.makedirs(f"{self.dir}/.config/linphone")
        write_tone(f"{self.dir}/tone.wav", tone, 30)
        port = {"udp": 0, "tcp": 0, "tls": 0, transport: free_port()}
        server = TLS if transport == "tls" else SIP
        self.at = server + (";transport=tls" if transport == "tls" else "")
        with open(f"{self.dir}/rc", "w") as f:
            f.write(f"""[sip]
sip_port={port["udp"]}
sip_tcp_port={port["tcp"]}
sip_tls_port={port["tls"]}
root_ca={pbx.dir}/tls/ca.pem
verify_server_cn=0
default_proxy=0
register_only_when_network_is_up=0
use_ipv6=0
media_encryption={media or "none"}
media_encryption_mandatory={1 if media else 0}
[rtp]
audio_rtp_port={next(rtp_ports)}
[auth_info_0]
username=sip{n}
userid=sip{n}
passwd=secret{n}
realm=holdfast
[proxy_0]
reg_proxy=<sip:{server};transport={transport}>
reg_identity=sip:sip{n}@{server}
reg_expires=600
reg_sendregister=1
publish=0
[sound]
echocancellation=0
""" + "".join(f"[audio_codec_{i}]\nmime={c}\nrate={rate}\nenabled=0\n"
              for i, (c, rate) in enumerate((
                  ("opus", 48000), ("speex", 32000), ("speex", 16000),
                  ("speex", 8000)))))
        self.out = f"{self.dir}/out"
        self.proc = popen(
            ["linphonec", "-c", f"{self.dir}/rc", "-d", "5", "-l",
             f"{self.dir}/log"], stdin=subprocess.PIPE, text=True,
            stdout=open(self.out, "w"), stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": self.dir}, cwd=self.dir)
        self.command("soundcard use files")
        self.command(f"play {self.dir}/tone.wav")
        self.command(f"record {self.dir}/heard.wav")
        self.registers()

    def command(self, text):
        self.proc.stdin.write(text + "\n")
        self.proc.stdin.flush()

    def call(self, number):
        self.command(f"call sip:{number}@{self.at}")

    def press(self, keys):
        self.command(keys)

    def said(self):
        with open(self.out, errors="replace") as f:
            return f.read()

    def ear_file(self):
        return f"{self.dir}/heard.wav"


class Sipp:
    """One SIPp with one of our scenarios"""

    def __init__(self, scenario, port, inf=None, count=1, transport="u1",
                 limit=15, keys=()):
        self.what = f"{scenario}-{port}"
        cmd = ["sipp", SIP, "-sf", f"{HERE}/sipp/{scenario}.xml", "-m",
               str(count), "-i", "127.0.0.1", "-p", str(port), "-t", transport,
               "-nostdin", "-timeout", str(limit), "-timeout_error",
               "-trace_err", "-error_file", f"{WORK}/{self.what}.err", *keys]
        if inf:
            cmd += ["-inf", inf]
        self.proc = popen(cmd, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL,
                                     stdin=subprocess.DEVNULL, cwd=WORK)

    def done(self):
        code = self.proc.wait(30)
        if code:
            try:
                with open(f"{WORK}/{self.what}.err") as f:
                    print(f.read()[:3000], file=sys.stderr)
            except OSError:
                pass
        assert code == 0, f"SIPp {self.what} ended with {code}: {last_cdr()}"


def csv(name, user, last):
    path = f"{WORK}/{name}.csv"
    with open(path, "w") as f:
        f.write(f"SEQUENTIAL\nsip{user};[authentication username=sip{user} "
                f"password=secret{user}];{last}\n")
    return path
