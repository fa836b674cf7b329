"""A square that wanders over a made-up picture, its labels, and a WebSocket that talks nonsense: what a server and
its clients need for the dashboard to show something. Nothing but Python."""

import base64
import os
import pathlib
import socket
import struct
import zlib

WIDTH, HEIGHT = 160, 120


def png(rows, width):
    """A PNG of 8-bit grey rows."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows)))
            + chunk(b"IEND", b""))


def write(folder: pathlib.Path, frames):
    """Frames as PPM in folder/frames, labels and a card in folder/labels."""
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    (folder / "labels").mkdir(exist_ok=True)
    ground = [bytes((60 + 60 * y // HEIGHT, 90 + (x * 5 + y * 3) % 17, 120)) for y in range(HEIGHT) for x in range(WIDTH)]
    for index in range(frames):
        left, top = 10 + index * 2 % 90, 30 + index % 40
        inside = lambda x, y: left <= x < left + 50 and top <= y < top + 40
        pixels = b"".join(bytes((230, 170, 60)) if inside(i % WIDTH, i // WIDTH) else ground[i] for i in range(WIDTH * HEIGHT))
        (folder / "frames" / f"{index:06d}.ppm").write_bytes(b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + pixels)
        rows = [bytes(1 if inside(x, y) else 0 for x in range(WIDTH)) for y in range(HEIGHT)]
        (folder / "labels" / f"{index:06d}.png").write_bytes(png(rows, WIDTH))
    (folder / "labels" / "card.yaml").write_text(
        "kind: replay\nfolder: .\nclasses: [background, {name: square, color: \"#e69f00\"}]\nbackground: background\n")
    return folder / "labels" / "card.yaml", folder / "frames"


def talk_nonsense(address):
    """Opens a session over a WebSocket and sends what is no message, so that the server ends it with an error."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(f"GET /tutor HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                           f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += connection.recv(4096)
        # A binary frame of seven bytes, masked with zeros.
        connection.sendall(b"\x82\x87\0\0\0\0" + b"\xff" * 7)
        while connection.recv(4096):
            pass
