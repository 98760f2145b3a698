#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# After all other suites of a server: it is still there, it ends when told to, it never crashed on the way, and
# docs/openapi.yaml describes what it has answered.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmServer;
use UmTest;

my $server = UmServer->shared;
ok(UmTest::answers(), 'the server still answers');
cmp_ok($server->stop, '<', 20, 'the server ends when it gets TERM');
ok(length $server->log, 'the server has written an error log');
is($server->crashes, '', 'the error log has no crash');

my @reports = grep { -s $_ } glob UmTest::scratch() . '/logs/found*';
is(join("\n", map { (split /\n/, UmTest::slurp($_))[0 .. 20] } @reports), '', 'no tool has found anything');

my @answers = glob UmTest::scratch() . '/answers/' . UmTest::sequence() . '-*.jsonl';
SKIP: {
    skip 'no suite of the API was run', 3 unless @answers;
    my ($status, $said) = UmTest::run('/usr/bin/python3', UmTest::sources() . '/t/lib/openapi.py',
        UmTest::sources() . '/docs/openapi.yaml', 'answers', @answers);
    is($status, 0, 'the answers can be held against docs/openapi.yaml');
    like($said, qr/\A[1-9][0-9]* checked\Z/, 'docs/openapi.yaml describes every answer of the suites');
    skip 'not all suites of the API were run', 1 unless UmTest::setting('ONLY') eq '.' && UmTest::sequence() =~ /-api\z/;
    # t/api/described.t meets the errors.
    ($status, $said) = UmTest::run('/usr/bin/python3', UmTest::sources() . '/t/lib/openapi.py',
        UmTest::sources() . '/docs/openapi.yaml', 'unmet', @answers);
    is(join("\n", grep { / [123]\d\d\z/ } split /\n/, $said), '', 'the suites met every success that it describes');
}

done_testing();
