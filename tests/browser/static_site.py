"""A folder as a web site, for pages that a test or a benchmark opens."""

import functools
import http.server
import threading


class Plain(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Isolated(Plain):
    """Cross-origin isolated, so that a page may have threads."""

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


def serve(folder, isolated=False):
    """Its origin; it is served until the process ends."""
    handler = functools.partial(Isolated if isolated else Plain, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"
