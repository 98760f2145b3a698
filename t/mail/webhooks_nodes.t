#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two nodes share a database: each webhook is sent by one of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmReceiver;
use UmServer;

plan(skip_all => 'SQLite is for one node') if UmTest::database() ne 'pgsql';

my $database = new_database();
my $sql = $database->{sql};
my @receivers = (UmReceiver->start);
my ($file, @secrets) = secret_file(1);
my $url = "https://localhost:$receivers[0]{port}/hook";
my $lines = "UserMgmtWebhook $url $file\n" . $receivers[0]->lines . "UserMgmtMail none\n";
my @nodes = map { UmServer->start($database, $lines) } 1, 2;

my $made = 0;
sub make_rows {
    my ($count) = @_;
    my @rows = map { my $id = sprintf '00000000-0000-7000-8000-%012d', ++$made;
        "('$id', 'localhost', '$url', '$id', 'account.added', 5000, 0, " . time . ')' } 1 .. $count;
    $sql->('insert into um_webhooks (id, site, url, event_id, kind, at_ms, due_at, created_at) values ' . join ',', @rows);
    return;
}

sub are_done { return !$sql->('select count(*) from um_webhooks where state = 0') }

sub count_of {
    my %count;
    $count{ $_->{id} }++ for $receivers[0]->taken('hook');
    return \%count;
}

my $answer = call(POST => $USERS, port => $nodes[0]{port}, json => '{"username":"first","password":"' . good_password()
    . '","email":"first@example.org"}');
is($answer->{status}, 201, 'an account is registered');
ok(await(20, \&are_done), 'its event is sent');
is($sql->('select min(site) from um_webhooks'), 'localhost', 'as one of the site that both nodes serve');
make_rows(300);
ok(await(40, \&are_done), 'three hundred more are sent');
is(scalar keys %{ count_of() }, 301, 'none was lost');
is(scalar(grep { $_ > 1 } values %{ count_of() }), 0, 'none came twice');
is($sql->('select count(*) from um_webhooks where attempts <> 1'), 0, 'each at the first attempt');

# One node is killed while it sends. The other one does not wait for it, and sends what it had claimed when that is due.
$receivers[0]->behave(hook => 'slow 0.2');
make_rows(60);
ok(await(20, sub { $sql->('select count(*) from um_webhooks where state = 0 and claim is not null') }), 'rows are claimed');
$nodes[0]->kill_all;
$sql->('update um_webhooks set due_at = 0 where state = 0');
ok(await(40, \&are_done), 'after one node was killed the other one sends all');
is(scalar keys %{ count_of() }, 361, 'none was lost');
cmp_ok(scalar(grep { $_ > 1 } values %{ count_of() }), '<=', 40, 'only those that were claimed came twice');
is(join('', map { $_->crashes } @nodes), '', 'no process of the servers crashed');

api_done();
