#!/usr/bin/env python3
"""events.py URL TOKEN - print the events that an application hears

URL is the pbx's, http://127.0.0.1:8082/api/v1.  Only Python's own library:
read it as a description of the protocol.  The last number is kept beside the
epoch, so that after a broken connection nothing durable (cdr, alarm,
emergency) is missed and the rest comes anew as a snapshot.
"""
import base64, json, os, socket, struct, sys, time
from urllib.parse import urlsplit

url, token = urlsplit(sys.argv[1]), sys.argv[2]
epoch, after = "", 0


def octets(s, n):
    got = b""
    while len(got) < n:
        part = s.recv(n - len(got))
        if not part:
            raise ConnectionError("the pbx has gone")
        got += part
    return got


def send(s, opcode, data):
    """A frame of a client is masked"""
    mask = os.urandom(4)
    s.sendall(bytes([0x80 | opcode, 0x80 | len(data)]) + mask +
              bytes(b ^ mask[i % 4] for i, b in enumerate(data)))


def frames(s):
    """Texts, until the pbx closes; its pings (each 2 s) are answered"""
    while True:
        first, size = octets(s, 2)
        if size == 126:
            size, = struct.unpack(">H", octets(s, 2))
        elif size == 127:
            size, = struct.unpack(">Q", octets(s, 8))
        data = octets(s, size)
        if first & 15 == 9:
            send(s, 10, data)
        elif first & 15 == 8:
            raise ConnectionError(f"closed: {data[2:].decode()}")
        elif first & 15 == 1:
            yield data.decode()


def read():
    global epoch, after
    with socket.create_connection((url.hostname, url.port or 80), 10) as s:
        s.sendall((f"GET {url.path}/events?epoch={epoch}&after={after} "
                   f"HTTP/1.1\r\nHost: {url.netloc}\r\n"
                   "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                   f"{base64.b64encode(os.urandom(16)).decode()}\r\n"
                   f"Authorization: Bearer {token}\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += octets(s, 1)
        status = int(head.split()[1])
        if status in (401, 403):
            sys.exit(f"refused: {status}")
        if status != 101:
            raise ConnectionError(f"refused: {status}")
        for text in frames(s):
            print(text, flush=True)
            frame = json.loads(text)
            epoch, after = frame["epoch"], frame["seq"]


while True:
    try:
        read()
    except OSError as e:
        print(f"# {e}; again in a second", file=sys.stderr, flush=True)
    time.sleep(1)
