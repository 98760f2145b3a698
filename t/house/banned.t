#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Functions that are never called here, each with its reason; and texts that must not be in any file.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my %banned = (
    (map { $_ => 'cannot tell a bad number' } qw(atoi atol atoll atof sscanf)),
    (map { $_ => 'knows no limit' } qw(sprintf vsprintf strcpy strcat gets stpcpy)),
    (map { $_ => 'takes the stack without a limit' } qw(alloca strdupa)),
    (map { $_ => 'keeps state between calls' } qw(strtok rand srand random)),
    (map { $_ => 'can be told by its time' } qw(crypt)),
    system => 'is a shell',
    popen => 'is a shell',
    apr_dbd_transaction_start => 'crashes on a dead PostgreSQL connection; send BEGIN as text',
    apr_dbd_escape => 'builds SQL out of data',
    ap_dbd_acquire => 'holds the connection until the client has read the answer; use ap_dbd_open and ap_dbd_close',
    ap_dbd_prepare => 'named statements do not survive a reconnect',
);

for my $file (files(qr{\A(?:src/.*|mod_usermgmt)\.[ch]\z})) {
    my $code = code($file);
    my $number = 0;
    for my $line (split /\n/, $code) {
        $number++;
        for my $word ($line =~ /\b([a-z]\w*)\s*\(/g) {
            complain("$file:$number", $banned{$word} && "$word() $banned{$word}");
        }
    }
    complain($file, (lines_of($file))[0] =~ m{\A/\* SPDX-License-Identifier: Apache-2\.0 \*/\z} ? undef
        : 'the first line does not name the licence');
}
checked('no banned function', 500);

# These compare secrets, or digests of them. memcmp() ends at the first byte that differs, and so its time would tell how
# much of a guess is right.
for my $file (qw(src/core/client.c src/core/session/refresh.c src/lib/jose/hmackey.c src/lib/jose/signature_cache.c
    src/lib/password/pwhash_crypt.c src/lib/password/pwhash_django.c src/lib/password/pwhash_phc.c
    src/lib/password/pwhash_sha1.c src/lib/sync/single_flight.c)) {
    my $code = code($file);
    complain($file, $code =~ /\bCRYPTO_memcmp\s*\(/ ? undef : 'does not call CRYPTO_memcmp()');
    complain($file, $code =~ /\bmemcmp\s*\(/ ? 'memcmp() of a secret; use CRYPTO_memcmp()' : undef);
}
checked('secrets are compared in constant time', 12);

# What strangers have typed is printed by cli_output.c, which escapes it, and nowhere else.
for my $file (files(qr{\Asrc/cli/.*\.c\z})) {
    my $may = $file =~ m{/cli_(?:output|help)\.c\z};
    my $number = 0;
    for my $line (split /\n/, code($file)) {
        $number++;
        for my $word ($line =~ /\b((?:f|v|vf)?printf|f?puts|putchar|putc|fwrite|write)\s*\(/g) {
            complain("$file:$number", $may ? undef : "$word(): use um_cli_say or um_cli_fail");
        }
    }
    complain($file);
}
checked('commands print by cli_output.c alone', 5);

# Split, so that this file itself is clean of them.
my $unfinished = join '|', 'TO' . 'DO', 'FIX' . 'ME', 'X' . 'XX\b';
my $machine = join '|', '/wo' . 'rk/', '/ho' . 'me/[a-z]', '/ro' . 'ot/';
for my $file (files(qr{.})) {
    next if $file =~ m{\At/fuzz/corpus/|\Aconf/common-passwords};
    my $number = 0;
    for my $line (lines_of($file)) {
        $number++;
        complain("$file:$number", $line =~ /\b(?:$unfinished)/ ? 'something unfinished' : undef);
        complain("$file:$number", $line =~ m{(?:$machine)} ? "a path of one machine: $&" : undef);
    }
}
checked('nothing unfinished, no path of one machine', 1000);

done_testing();
