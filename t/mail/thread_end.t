#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The worker's thread, which has made a key, ends while its child exits: OpenSSL's data of the thread is freed once.
# httpd does not wait for the thread, so a library that is preloaded lets it end after OpenSSL has cleaned up.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmServer;

my $folder = UmTest::new_folder();
my $keys = "$folder/rotated";
my ($status, $said) = UmTest::run('cc', qw(-shared -fPIC -D_GNU_SOURCE -o), "$folder/threadend.so",
    UmTest::sources() . '/t/lib/threadend.c', '-ldl');
plan(skip_all => "no library to watch threads could be built: $said") if $status;
mkdir $keys, 0700;
UmTest::new_key("$keys/20200101T000000Z-old.pem");      # has been due for long

my $server = UmServer->start(new_database(), "UserMgmtSigningKey $keys\nUserMgmtKeyRotation 1m", children => 1,
    environment => { LD_PRELOAD => "$folder/threadend.so" });
my $watched = join '', $server->log, UmTest::slurp("$server->{folder}/logs/output");
SKIP: {
    skip('this OpenSSL, or this server, has no such data', 2) unless $watched =~ /the ends of threads are watched/;
    ok(await(30, sub { $server->log =~ /UM604: .* is published/ }), 'the worker makes a key');
    my ($child) = $server->children;
    $server->graceful;
    ok(await(30, sub { !kill 0 => $child }), 'a graceful restart ends its child');
}
is($server->crashes, '', 'no process of the server crashed');

done_testing();
