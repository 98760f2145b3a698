#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands between a client and PostgreSQL, on 127.0.0.1, and cuts connections exactly where it is told to.

usage: pgproxy.py SERVER FILE

SERVER is the port of PostgreSQL on 127.0.0.1, or the path of its socket. It prints its own port as its first line and runs
until its standard input ends. FILE says what is cut, and is read anew for each message: a WORD, a number N, and perhaps the
beginning of a statement by itself. Each Nth occasion is cut; of those with such a statement only one, until FILE.done is
emptied. An empty or missing FILE: none.
    before     the client sends COMMIT: it is not passed on
    after      the answer to COMMIT has come: it is not passed on
    lost       the answer to a statement by itself, outside of a transaction, has come: it is not passed on
    unsent     a statement by itself is not passed on
Each cut is a line of FILE.done.
"""
import asyncio
import os
import re
import sys

occasions = {}


def is_cut(word, statement):
    try:
        with open(sys.argv[2]) as file:
            wanted = file.read().split(None, 2)
    except OSError:
        return False
    if len(wanted) < 2 or wanted[0] != word:
        return False
    if wanted[2:] and (not statement.startswith(wanted[2]) or os.path.getsize(sys.argv[2] + '.done')):
        return False
    occasions[word] = occasions.get(word, 0) + 1
    if occasions[word] % int(wanted[1]):
        return False
    with open(sys.argv[2] + '.done', 'a') as file:
        file.write(word + '\n')
    return True


class Cut(Exception):
    pass


class Connection:
    def __init__(self, client, server):
        self.client, self.server = client, server
        self.in_transaction = False
        self.awaited = None         # what is cut when the server is ready again
        self.prepared = {}          # the texts of prepared statements
        self.statement = ''         # the one of them that was executed last

    async def message(self, reader):
        head = await reader.readexactly(5)
        return head, await reader.readexactly(int.from_bytes(head[1:], 'big') - 4)

    async def from_client(self):
        reader, writer = self.client[0], self.server[1]
        size = await reader.readexactly(4)
        writer.write(size + await reader.readexactly(int.from_bytes(size, 'big') - 4))
        while True:
            head, body = await self.message(reader)
            kind = head[:1]
            if kind == b'P':
                name, text = body.split(b'\0')[:2]
                self.prepared[name] = text
            elif kind == b'B':
                self.statement = self.prepared.get(body.split(b'\0')[1], b'').decode()
            if kind == b'Q':
                found = re.match(rb'PREPARE (\S+)[^()]*(?:\([^()]*\))? AS (.*)', body, re.DOTALL)
                if found:
                    self.prepared[found[1]] = found[2]
                word = body.rstrip(b'\0').upper()
                if word == b'COMMIT':
                    if is_cut('before', ''):
                        raise Cut
                    self.awaited = 'after'
            elif kind == b'S' and not self.in_transaction:
                if is_cut('unsent', self.statement):
                    raise Cut
                self.awaited = 'lost'
            writer.write(head + body)
            await writer.drain()

    async def from_server(self):
        reader, writer = self.server[0], self.client[1]
        held = b''
        while True:
            head, body = await self.message(reader)
            held += head + body
            if head[:1] == b'Z':
                self.in_transaction = body != b'I'
                word, self.awaited = self.awaited, None
                if word and is_cut(word, self.statement):
                    raise Cut
            if head[:1] in b'ZRGHdcN' or not self.awaited:
                writer.write(held)
                held = b''
                await writer.drain()

    async def run(self):
        tasks = [asyncio.ensure_future(task) for task in (self.from_client(), self.from_server())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, writer in (self.client, self.server):
            writer.transport.abort()


async def serve(reader, writer):
    try:
        where = sys.argv[1]
        server = await (asyncio.open_unix_connection(where) if '/' in where
                        else asyncio.open_connection('127.0.0.1', int(where)))
    except OSError:
        writer.transport.abort()
        return
    await Connection((reader, writer), server).run()


async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_event_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
