"""A web server on this machine that cuts its answers."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Sends the server's content, from where it is asked to, and cuts it after the server's patience."""

    def do_GET(self):
        content, asked = self.server.content, self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : start + self.server.most_bytes])
        self.wfile.flush()
        if self.server.stalls:
            self.server.going_on.wait()

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving(content: bytes, most_bytes: int, stalls: bool = False):
    """A server for as long as the block runs.

    Args:
        content: of the one file that it has.
        most_bytes: that it sends in one answer.
        stalls: whether an answer that is cut then says nothing more, instead of ending.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.content, server.most_bytes, server.stalls = content, most_bytes, stalls
        server.ranges, server.going_on, server.daemon_threads = [], threading.Event(), True
        server.url = f"http://127.0.0.1:{server.server_port}/file"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.going_on.set()
        server.shutdown()
