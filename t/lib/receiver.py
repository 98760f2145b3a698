#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# A receiver of webhooks for suites, over HTTPS or HTTP: receiver.py FOLDER [CERTIFICATE KEY]. It prints its port, writes
# a line of JSON for each request to FOLDER/log, and ends with its standard input.
#
# What it answers at /NAME is in FOLDER/NAME, when there is such a file: STATUS [HEADER: VALUE], or one of these words:
# hang (never answers), slow SECONDS, big (a long answer), heads (headers without end), drop (closes the connection).
# Otherwise it is 204.
import http.server
import json
import os
import ssl
import sys
import threading
import time

folder = sys.argv[1]
lock = threading.Lock()


def note(record):
    with lock, open(os.path.join(folder, 'log'), 'a') as log:
        log.write(json.dumps(record) + '\n')


def behaviour(path):
    try:
        with open(os.path.join(folder, os.path.basename(path))) as file:
            return file.read().strip()
    except OSError:
        return '204'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *unused):
        pass

    def answer(self, status, headers, body=b''):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        length = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(length).decode()
        path = self.path.split('?')[0]
        how = behaviour(path)
        note({'at': time.time(), 'method': self.command, 'path': self.path, 'how': how, 'body': body,
              'headers': {name.lower(): value for name, value in self.headers.items()}})
        word, _, rest = how.partition(' ')
        if word == 'hang':
            time.sleep(3600)
        if word == 'drop':
            self.close_connection = True
            return
        if word == 'slow':
            time.sleep(float(rest))
            word, rest = '200', ''
        if word == 'heads':
            self.send_response(200)
            for number in range(100000):
                self.send_header('X-Header', 'x' * 1000)
                self.flush_headers()
        if word == 'big':
            self.answer(200, [], b'x' * 5000000)
            return
        name, _, value = rest.partition(': ')
        self.answer(int(word), [(name, value)] if name else [])

    do_POST = do_GET = handle_any

    def handle(self):
        try:
            super().handle()
        except (OSError, ssl.SSLError):
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self):
        connection, address = super().get_request()
        if context:
            connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, *unused):
        pass


context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
server = Server(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
