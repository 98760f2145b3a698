#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two nodes share a database: each mail is sent by one of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

plan(skip_all => 'SQLite is for one node') if UmTest::database() ne 'pgsql';

my $database = new_database();
my $sql = $database->{sql};
my @alone = add_accounts($database, 600, 'one');
# Addresses that three accounts each have.
my @shared = map { sprintf 'shared%02d@example.org', $_ } 1 .. 40;
{
    my @owners = add_accounts($database, 120, 'owner');
    $sql->(join ';', map { my $to = $shared[$_ / 3];
        "update um_users set email = '$to', email_key = '$to' where email_key = '$owners[$_]'" } 0 .. $#owners);
}

my @sinks = map { UmSmtpd->start('--no-store', 'dot=delay:0.003') } 1, 2;
my @nodes = map { UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$_->{port}") } @sinks;
my @answers;
while (@alone) {
    for my $node (@nodes) {
        push @answers, ask_each($node, splice @alone, 0, 50);
        push @answers, ask_each($node, splice @shared, 0, 5) if @shared;
    }
}
all_fine(\@answers, 'requests to both nodes are answered');
ok(settle(sql => $sql, seconds => 60), 'all mails are sent');

my (%ids, %count, @by);
for my $number (0, 1) {
    for my $mail ($sinks[$number]->taken) {
        $ids{ $mail->{id} }++;
        $count{ $mail->{to} }++;
        $by[$number]++;
    }
}
is(scalar(grep { $_ > 1 } values %ids), 0, 'no mail was sent twice');
is(scalar keys %ids, 720, 'no mail was lost');
is(scalar(grep { /\Aone/ && $count{$_} == 1 } keys %count), 600, 'each address of one account got one mail');
is(scalar(grep { /\Ashared/ && $count{$_} == 3 } keys %count), 40, 'each address of three accounts got three mails');
cmp_ok($by[$_] || 0, '>', 30, 'node ' . ($_ + 1) . ' has sent its part') for 0, 1;
is($sql->('select count(*) from um_mail where state <> 1 or attempts <> 1'), 0, 'each mail was sent at the first try');
is($sql->('select count(*) from um_one_time_tokens'), 720, 'each mail has one token');

# One node is killed for good. The mails that it has claimed may wait for its lease, others do not.
{
    my @more = add_accounts($database, 60, 'rest');
    my $dead = $nodes[0];
    ask_each($dead, @more[0 .. 29]);
    $dead->kill_all;
    ask_each($nodes[1], @more[30 .. 59]);
    ok(await(20, sub { my %to = map { $_->{to} => 1 } $sinks[1]->taken; !grep { !$to{$_} } @more[30 .. 59] }),
        'after one node was killed the other one sends its own mails');
    $sql->('update um_mail set due_at = 0 where state = 0');
    ok(settle(sql => $sql), 'the other node sends what the killed one had claimed');
    my %to;
    $to{ $_->{to} }++ for map { $_->taken } @sinks;
    is_deeply([grep { !$to{$_} } @more], [], 'no mail was lost');
    cmp_ok(scalar(grep { $to{$_} > 1 } @more), '<=', 1, 'at most one mail came twice');
}
is(join('', map { $_->crashes } @nodes), '', 'no process of the server crashed');

api_done();
