"""A service that issues access tokens and revokes them, with the API of Artifactory's. It prints its address and serves until it is killed."""

import http.server
import json
import re
import secrets
import sys
import threading
import uuid

LOGIN = "Bearer " + sys.argv[1]
PATH = re.compile(r"/access/api/v1/tokens(?:/([^/?]+))?/?(?:\?.*)?")
TOKENS = {}
LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, code):
        self.answer(status, {"errors": [{"code": code, "message": code.replace("_", " ").capitalize()}]})

    def handle_call(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = PATH.fullmatch(self.path)
        if self.headers.get("Authorization") != LOGIN:
            return self.refuse(401, "UNAUTHORIZED")
        if path is None:
            return self.refuse(404, "NOT_FOUND")
        name = path.group(1)
        with LOCK:
            if self.command == "POST" and name is None:
                return self.create(json.loads(body or b"{}"))
            if self.command == "GET" and name is None:
                return self.answer(200, {"tokens": list(TOKENS.values())})
            if name not in TOKENS:
                return self.refuse(404, "NOT_FOUND")
            if self.command == "DELETE":
                del TOKENS[name]
                return self.answer(200)
            return self.answer(200, TOKENS[name])

    do_GET = do_POST = do_DELETE = handle_call

    def create(self, request):
        name = str(uuid.uuid4())
        TOKENS[name] = {"token_id": name, "subject": request.get("username", "admin"), "description": request.get("description", "")}
        token = {"token_id": name, "access_token": secrets.token_urlsafe(48), "scope": request.get("scope", ""), "token_type": "access_token",
                 # No description names it, so nobody but the service knows that it is secret.
                 "session_key": "of-the-service-alone-5f0c"}
        if request.get("expires_in"):
            token["expires_in"] = request["expires_in"]
        if request.get("include_reference_token"):
            token["reference_token"] = secrets.token_urlsafe(45)
        self.answer(200, token)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
