"""softphone - `holdfast phone` led by a test"""
import json, queue, subprocess, tempfile, threading, time
from harness import HOLDFAST, wait


class Phone:
    """A running `holdfast phone`: lines in, events out"""

    home = None                      # folder of their states

    def __init__(self, account, tone=440, state=None, args=()):
        self.state = state or tempfile.mkdtemp(dir=self.home)
        self.err = open(f"{self.state}/stderr", "a+")
        self.calls, self.link, self.banner, self.ear = {}, None, None, None
        self.events = queue.Queue()
        self.proc = subprocess.Popen(
            [HOLDFAST, "phone", "--account", account, "--audio",
             f"tone:{tone}", "--state", self.state, *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.err,
            text=True, bufsize=1, encoding="utf-8")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.proc.stdout:
            e = json.loads(line)
            if e["event"] == "call":
                self.calls[e["id"]] = e
                if e["state"] == "null":
                    del self.calls[e["id"]]
            elif e["event"] == "link":
                self.banner, self.link = e["banner"], e["state"]
            elif e["event"] == "heard" and e["what"] != "dtmf":
                self.ear = (e["what"], e.get("hz"))
            self.events.put(e)

    def ask(self, line):
        """Say a line; its reply"""
        self.proc.stdin.write(line + "\n")
        self.proc.stdin.flush()
        return self.sees(20, event="reply", command=line.split()[0])

    def do(self, line):
        r = self.ask(line)
        assert r["ok"], (line, r)
        return r

    def sees(self, limit=5, **wanted):
        """Wait for an event with these members"""
        end, seen = time.monotonic() + limit, []
        while True:
            try:
                e = self.events.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                self.err.seek(0)
                raise AssertionError(f"no {wanted}; instead {seen[-9:]} "
                                     f"{self.err.read()[-2000:]}")
            seen.append(e)
            if all(e.get(k) == v for k, v in wanted.items()):
                return e

    def hears(self, what, hz=None, limit=5):
        wait(lambda: self.ear == (what, hz), limit,
             f"hearing {what} {hz}, not {self.ear}")

    def is_in(self, *states, limit=5):
        wait(lambda: sorted(c["state"] for c in self.calls.values()) ==
             sorted(states), limit, f"states {states}, not {self.calls}")

    def offers(self):
        return self.ask("offers")["offers"]

    def end(self):
        """End its input; it must go cleanly"""
        self.proc.stdin.close()
        code = self.proc.wait(10)
        self.err.seek(0)
        text = self.err.read()
        assert code == 0 and "Sanitizer" not in text and \
            "runtime error" not in text, (code, text[-3000:])
