"""A server with the web server, started and stopped as tests need it, and a slow network before it."""

import asyncio
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time


class TutorServer:
    DEADLINE = 120

    def __init__(self, shadowtutor, folder: pathlib.Path, *arguments):
        self.command = [shadowtutor, "serve", "--listen", "127.0.0.1:0", *arguments]
        self.log_path = folder / "server.log"
        self.process = None

    def start(self, web="127.0.0.1:0"):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.command, "--web", web], stdout=subprocess.PIPE, stderr=log, text=True,
                                            env={**os.environ, "SHADOWTUTOR_PYTHON": sys.executable})
        until = time.monotonic() + self.DEADLINE
        for line in self.process.stdout:
            if found := re.match(r"web server at (\S+)", line):
                self.url = found[1]
                return self
            if time.monotonic() > until:
                break
        self.kill()
        raise RuntimeError(f"the server did not start: {self.log_path.read_text()}")

    @property
    def address(self):
        return self.url.split("//")[1].rstrip("/")

    def kill(self):
        """As a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def again(self):
        return self.start(self.address)


class SlowNetwork:
    """Passes connections on to a server, with so many bits a second in each direction, on a thread of its own."""

    def __init__(self, address, bits_per_second):
        self.to, self.rate = address.rsplit(":", 1), bits_per_second / 8
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(asyncio.start_server(self.connect, sock=listener), self.loop).result()

    async def connect(self, reader, writer):
        try:
            out_reader, out_writer = await asyncio.open_connection(*self.to)
            await asyncio.gather(self.carry(reader, out_writer), self.carry(out_reader, writer))
        except OSError:
            pass
        finally:
            writer.close()

    async def carry(self, reader, writer):
        while data := await reader.read(2048):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(len(data) / self.rate)
        writer.close()

    def close(self):
        async def end():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
