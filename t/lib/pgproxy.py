#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands between a client and PostgreSQL, on 127.0.0.1, and cuts connections exactly where it is told to.

usage: pgproxy.py PORT FILE

PORT is that of PostgreSQL. It prints its own port as its first line and runs until its standard input ends. FILE says what
is cut, and is read anew for each message: a WORD and a number N. Each Nth occasion is cut. An empty or missing FILE: none.
    before     the client sends COMMIT: it is not passed on
    after      the answer to COMMIT has come: it is not passed on
    lost       the answer to a statement by itself, outside of a transaction, has come: it is not passed on
    unsent     a statement by itself is not passed on
Each cut is a line of FILE.done.
"""
import asyncio
import os
import sys

occasions = {}


def is_cut(word):
    try:
        with open(sys.argv[2]) as file:
            wanted = file.read().split()
    except OSError:
        return False
    if len(wanted) != 2 or wanted[0] != word:
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
            if kind == b'Q':
                word = body.rstrip(b'\0').upper()
                if word == b'COMMIT':
                    if is_cut('before'):
                        raise Cut
                    self.awaited = 'after'
            elif kind == b'S' and not self.in_transaction:
                if is_cut('unsent'):
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
                if word and is_cut(word):
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
        server = await asyncio.open_connection('127.0.0.1', int(sys.argv[1]))
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
