#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads mails as another program does (Python's email package), for tests that compare.

usage: mailread.py FILE...

Prints for each file lines "NAME: VALUE" and an empty line: from-name, from, to-name, to, subject, date (epoch), id, type, text,
html (where there is one), other headers by their names in lower case, and "wrong: ..." for what breaks a rule of the format.
Line ends in values are printed as \\n, backslashes as \\\\.
"""
import email
import email.header
import email.policy
import email.utils
import re
import sys


def show(name, value):
    print('%s: %s' % (name, value.replace('\\', '\\\\').replace('\r', '\\r').replace('\n', '\\n')))


def rules(raw):
    if not raw.endswith(b'\r\n'):
        yield 'does not end with a line end'
    if re.search(rb'(?<!\r)\n|\r(?!\n)', raw):
        yield 'half a line end'
    if re.search(rb'[^\x20-\x7e\r\n\t]', raw):
        yield 'a byte that is not printable ASCII'
    for line in raw.split(b'\r\n'):
        if len(line) > 76 and not re.fullmatch(rb' ?<[^ ]+>|Message-ID: <[^ ]+>', line):
            yield 'a line of %d characters' % len(line)
        if line != line.rstrip() and line not in (b'Subject: ',):
            yield 'blanks at the end of a line'
    for word in re.findall(rb'=\?[^?\r\n]+\?[BQ]\?[^?\r\n]*\?=', raw.split(b'\r\n\r\n', 1)[0]):
        try:
            email.header.decode_header(word.decode())[0][0].decode('utf-8')
        except UnicodeDecodeError:
            yield 'an encoded-word with half a character'
        if len(word) > 75:
            yield 'an encoded-word of %d characters' % len(word)
    # Readers that join adjacent base64 words before they decode them stop at the first padding.
    if re.search(rb'=\?=[ \r\n]+=\?[^?]*\?B\?', raw.split(b'\r\n\r\n', 1)[0]):
        yield 'padding within encoded-words'


def raw_field(message, field):
    return next(value for key, value in message.raw_items() if key.lower() == field)


def read(name):
    with open(name, 'rb') as file:
        raw = file.read()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for field in ('from', 'to'):
        # Not the new parser's display_name: it leaves blanks between adjacent encoded-words (RFC 2047 6.2).
        mailbox = message[field].addresses
        name, _ = email.utils.parseaddr(re.sub('\r\n', '', raw_field(message, field)))
        show(field + '-name', str(email.header.make_header(email.header.decode_header(name))))
        show(field, mailbox[0].addr_spec)
        if len(mailbox) != 1:
            show('wrong', '%d addresses in %s' % (len(mailbox), field))
    show('subject', str(message['subject']))
    show('date', '%d' % email.utils.parsedate_to_datetime(message['date']).timestamp())
    show('id', message['message-id'].strip())
    show('type', message.get_content_type())
    for part in message.walk():
        if part.get_content_maintype() == 'text':
            show(part.get_content_subtype().replace('plain', 'text'), part.get_content().replace('\r\n', '\n'))
    for field in message.keys():
        if field.lower() not in ('from', 'to', 'subject', 'date', 'message-id', 'content-type'):
            show(field.lower(), message[field])
    for field in set(map(str.lower, message.keys())):
        if len(message.get_all(field)) > 1:
            show('wrong', 'two of ' + field)
    for what in rules(raw):
        show('wrong', what)
    for part in message.walk():
        for defect in part.defects:
            show('wrong', repr(defect))
    for field in message.values():
        for defect in getattr(field, 'defects', ()):
            show('wrong', '%s: %r' % (field, defect))
    print()


sys.stdout.reconfigure(encoding='utf-8')
for argument in sys.argv[1:]:
    read(argument)
