#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mail server that others have written (aiosmtpd), for tests: 127.0.0.1, STARTTLS and a login are wanted.

usage: smtpd_real.py FOLDER CERT KEY USER PASSWORD

It prints its port, runs until its standard input ends, and keeps messages and a log as smtpd.py does.
"""
import asyncio
import logging
import os
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

folder, certificate, key, user, password = sys.argv[1:]
# Clients that break off are what the tests are about.
logging.disable(logging.CRITICAL)
warnings.simplefilter('ignore')
log = open(os.path.join(folder, 'log'), 'a', buffering=1)


class Handler:
    taken = 0

    async def handle_DATA(self, server, session, envelope):
        Handler.taken += 1
        with open(os.path.join(folder, '%06d.eml' % Handler.taken), 'wb') as file:
            file.write(envelope.original_content)
        tls = session.ssl is not None
        log.write('taken %d %s %s\n' % (Handler.taken, envelope.mail_from or '<>', ','.join(envelope.rcpt_tos)))
        log.write('tls %d login %s\n' % (tls, session.auth_data.login.decode() if session.auth_data else '-'))
        return '250 OK'


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=good, handled=False, auth_data=data)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler = Handler()
    loop = asyncio.get_running_loop()

    def factory():
        log.write('connection\n')
        return SMTP(handler, hostname='localhost', tls_context=context, require_starttls=True, auth_required=True,
                    authenticator=authenticate, loop=loop)

    listener = await loop.create_server(factory, '127.0.0.1', 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    os._exit(0)


asyncio.run(main())
