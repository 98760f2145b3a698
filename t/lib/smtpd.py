#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mail server for tests, on 127.0.0.1: takes messages, or is as unkind as it is told to be.

usage: smtpd.py FOLDER [--port N] [--tls CERT KEY | --smtps CERT KEY] [--login USER:PASSWORD] [--no-store] [RULE...]

It prints its port as its first line, once it listens, and runs until it is killed or its standard input ends. FOLDER gets
    000001.eml, ...   the messages taken, as they came, without dots that were added on the way; not with --no-store
    log               a line for each thing that happened, written at once:
                          connection N
                          login USER
                          taken NUMBER FROM TO MESSAGE-ID
                          command LINE             whatever it could not make sense of
--port      default: one that is free
--tls       STARTTLS is offered, and wanted before a login; --smtps: TLS from the first byte
--login     AUTH PLAIN and LOGIN are offered, and MAIL is refused without (530)

A RULE is STAGE[/PATTERN]=ACTION[,ACTION...][*TIMES]. The first that fits is carried out, for the first TIMES times (always).
    STAGE     connect ehlo starttls auth mail rcpt data body dot quit, or idle: right after a message was taken.
              body: before the message is read, dot: when it is complete.
    PATTERN   a regular expression; searched in the recipient where there is one already, else in the command
    ACTION    delay:SECONDS      wait first
              reply:CODE TEXT    in place of the usual; TEXT may hold \\n for lines of one reply, and {to}
              hang               nothing more is said on this connection
              drop               the connection is closed (body: after the first bytes of the message)
              take               (dot) the message is taken as usual; for "dot=take,drop"
Examples: rcpt/^bad@=reply:550 5.1.1 no such user     dot=take,drop*3     idle=drop*1     connect=reply:421 busy
"""
import asyncio
import base64
import os
import re
import ssl
import sys


class Dropped(Exception):
    pass


class Rule:
    def __init__(self, text):
        match = re.fullmatch(r'(\w+)(?:/(.*?))?=(.*?)(?:\*(\d+))?', text, re.S)
        if not match:
            sys.exit('smtpd.py: not a rule: ' + text)
        self.stage, self.pattern = match[1], re.compile(match[2] or '', re.I)
        self.actions = [part.split(':', 1) for part in re.split(r',(?=(?:delay|reply|hang|drop|take)\b)', match[3])]
        self.left = int(match[4]) if match[4] else -1

    def fits(self, stage, text):
        if self.stage != stage or self.left == 0 or not self.pattern.search(text):
            return False
        self.left -= self.left > 0
        return True


class Server:
    def __init__(self, options):
        self.options = options
        self.connections = self.taken = 0
        self.log_file = open(os.path.join(options.folder, 'log'), 'a', buffering=1)

    def log(self, *words):
        self.log_file.write(' '.join(str(word) for word in words) + '\n')

    async def serve(self, reader, writer):
        self.connections += 1
        self.log('connection', self.connections)
        session = Session(self, reader, writer)
        try:
            await session.run()
        except (Dropped, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            session.writer.transport.abort()

    def take(self, sender, to, message):
        self.taken += 1
        match = re.search(rb'^message-id:\s*(\S*)', message, re.I | re.M)
        if self.options.store:
            name = os.path.join(self.options.folder, '%06d.eml' % self.taken)
            with open(name + '.new', 'wb') as file:
                file.write(message)
            os.rename(name + '.new', name)
        self.log('taken', self.taken, sender or '<>', to, match[1].decode('ascii', 'replace') if match else '-')


class Session:
    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.options = server.options
        self.is_tls = bool(self.options.smtps)
        self.has_login = False
        self.sender = self.to = None

    async def say(self, text):
        lines = text.replace('{to}', self.to or '').replace('\\n', '\n').split('\n')
        code, lines[0] = lines[0][:3], lines[0][4:]
        self.writer.write(b''.join(
            ('%s%s%s\r\n' % (code, ' ' if i == len(lines) - 1 else '-', line)).encode() for i, line in enumerate(lines)))
        await self.writer.drain()

    async def line(self):
        return (await self.reader.readuntil(b'\n')).decode('utf-8', 'replace').rstrip('\r\n')

    async def hang(self):
        while await self.reader.read(65536):
            pass
        raise Dropped

    # What a rule has answered: the usual is then not to be done.
    async def obey(self, stage, text=''):
        for rule in self.options.rules:
            if rule.fits(stage, self.to or text):
                return await self.act(stage, rule)
        return None

    async def act(self, stage, rule):
        said = None
        for action, *value in rule.actions:
            if action == 'delay':
                await asyncio.sleep(float(value[0]))
            elif action == 'reply':
                await self.say(value[0])
                said = value[0]
            elif action == 'hang':
                await self.hang()
            elif action == 'drop':
                if stage == 'body':
                    await self.reader.read(10)
                raise Dropped
            elif action == 'take':
                self.server.take(self.sender, self.to, self.message)
        return said

    async def run(self):
        if await self.obey('connect'):
            raise Dropped
        await self.say('220 sink.example ESMTP')
        while True:
            line = await self.line()
            verb = line.split(' ', 1)[0].lower()
            name = {'helo': 'ehlo'}.get(verb, verb)
            if name in ('ehlo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'quit', 'rset', 'noop'):
                await getattr(self, 'do_' + name)(line)
            else:
                self.server.log('command', line)
                await self.say('500 5.5.2 unknown command')

    async def do_ehlo(self, line):
        if await self.obey('ehlo', line):
            return
        offers = ['250 sink.example', 'SIZE 1000000']
        if self.options.tls and not self.is_tls:
            offers.append('STARTTLS')
        if self.options.login and (self.is_tls or not self.options.tls):
            offers.append('AUTH PLAIN LOGIN')
        await self.say('\n'.join(offers))

    async def do_starttls(self, line):
        if await self.obey('starttls', line):
            return
        if not self.options.tls or self.is_tls:
            await self.say('502 5.5.1 no STARTTLS')
            return
        await self.say('220 go ahead')
        await self.writer.start_tls(self.options.context)
        self.is_tls = True

    async def do_auth(self, line):
        if await self.obey('auth', line):
            return
        words = line.split(' ')
        mechanism = words[1].upper() if len(words) > 1 else ''
        try:
            if mechanism == 'PLAIN':
                pair = (await self.answer('', words[2:3])).split('\0')[1:]
            elif mechanism == 'LOGIN':
                pair = [await self.answer('Username:', words[2:3]), await self.answer('Password:', [])]
            else:
                await self.say('504 5.5.4 no such mechanism')
                return
        except ValueError:
            await self.say('501 5.5.2 not base64')
            return
        if self.options.login and ':'.join(pair) == self.options.login:
            self.has_login = True
            self.server.log('login', pair[0])
            await self.say('235 2.7.0 welcome')
        else:
            await self.say('535 5.7.8 wrong user or password')

    async def answer(self, question, given):
        if not given:
            await self.say('334 ' + base64.b64encode(question.encode()).decode())
            given = [await self.line()]
        return base64.b64decode(given[0], validate=True).decode()

    async def do_mail(self, line):
        self.sender = self.to = None
        if await self.obey('mail', line):
            return
        if self.options.login and not self.has_login:
            await self.say('530 5.7.0 authentication required')
            return
        self.sender = self.address(line)
        await self.say('250 2.1.0 ok' if self.sender is not None else '501 5.5.4 syntax')

    async def do_rcpt(self, line):
        to = self.address(line)
        if self.sender is None or self.to is not None or not to:
            await self.say('503 5.5.1 not now, or not so')
            return
        self.to = to
        reply = await self.obey('rcpt', line)
        if reply:
            self.to = to if reply.startswith('2') else None
            return
        await self.say('250 2.1.5 ok')

    async def do_data(self, line):
        if self.to is None:
            await self.say('503 5.5.1 no recipient')
            return
        if await self.obey('data', line):
            return
        await self.say('354 go ahead')
        if await self.obey('body', line):
            return
        lines = []
        while True:
            got = await self.reader.readuntil(b'\n')
            if got == b'.\r\n':
                break
            lines.append(got[1:] if got.startswith(b'.') else got)
        self.message = b''.join(lines)
        if not await self.obey('dot', line):
            self.server.take(self.sender, self.to, self.message)
            await self.say('250 2.0.0 taken as %06d' % self.server.taken)
            await self.obey('idle', line)
        self.sender = self.to = None

    async def do_quit(self, line):
        if not await self.obey('quit', line):
            await self.say('221 2.0.0 bye')
        raise Dropped

    async def do_rset(self, line):
        self.sender = self.to = None
        await self.say('250 2.0.0 ok')

    async def do_noop(self, line):
        await self.say('250 2.0.0 ok')

    @staticmethod
    def address(line):
        match = re.match(r'\w+ \w+: ?<([^<>\s]*)>', line)
        return match[1] if match else None


class Options:
    def __init__(self, words):
        self.port, self.store, self.login = 0, True, None
        self.tls = self.smtps = self.context = None
        self.rules = []
        if not words or words[0].startswith('-'):
            sys.exit(__doc__)
        self.folder = words.pop(0)
        while words:
            word = words.pop(0)
            if word == '--port':
                self.port = int(words.pop(0))
            elif word == '--login':
                self.login = words.pop(0)
            elif word == '--no-store':
                self.store = False
            elif word in ('--tls', '--smtps'):
                pair = words.pop(0), words.pop(0)
                setattr(self, word[2:], pair)
                self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self.context.load_cert_chain(*pair)
            else:
                self.rules.append(Rule(word))


async def main():
    options = Options(sys.argv[1:])
    server = Server(options)
    listener = await asyncio.start_server(server.serve, '127.0.0.1', options.port, limit=1 << 20,
                                          ssl=options.context if options.smtps else None)
    print(listener.sockets[0].getsockname()[1], flush=True)
    # Who started it has gone when the standard input ends: nothing is left behind then.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    os._exit(0)


asyncio.run(main())
