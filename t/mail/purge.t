#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The worker deletes records of mails that were sent or given up, expired tokens and sessions, and names that are no
# longer held back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;
use UmServer;

my $database = new_database();
my $sql = $database->{sql};
my $folder = UmTest::new_folder();
my ($address) = add_accounts($database, 1, 'old');
my ($user, $version) = split /\|/, $sql->('select id, version from um_users');
my $now = time;

sub id { return sprintf '%08x-0000-4000-8000-%012x', @_ }

# table, kind of row, how many, whether they stay, values
my $keep = 7 * 86400;
my @rows = (
    [um_mail => 'sent long ago', 1200, 0, sub { "'reset', 1, 0, 'x', 0, " . ($now - $keep - 3600) }],
    [um_mail => 'given up long ago', 100, 0, sub { "'reset', 2, 0, 'x', 0, " . ($now - $keep - 3600) }],
    [um_mail => 'sent lately', 30, 1, sub { "'reset', 1, 0, 'x', 0, " . ($now - $keep + 3600) }],
    [um_mail => 'given up lately', 30, 1, sub { "'reset', 2, 0, 'x', 0, " . ($now - $keep + 3600) }],
    [um_mail => 'waiting, however old', 30, 1, sub { "'reset', 0, " . ($now + 3600) . ", 'x', 0, null" }],
    [um_one_time_tokens => 'run out an hour ago', 1200, 0, sub { ($now - 3610) }],
    [um_one_time_tokens => 'run out, but still counted', 30, 1, sub { ($now - 1800) }],
    [um_one_time_tokens => 'good', 30, 1, sub { ($now + 3600) }],
    [um_sessions => 'run out', 1200, 0, sub { ($now - 10) }],
    [um_sessions => 'good', 30, 1, sub { ($now + 3600) }],
    [um_held_names => 'free again', 1200, 0, sub { ($now - 10) }],
    [um_held_names => 'held back', 30, 1, sub { ($now + 3600) }],
);
my %into = (
    um_mail => ['id, kind, state, due_at, address, created_at, done_at', sub { "'$_[0]', $_[1]" }],
    um_one_time_tokens => ['hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at',
        sub { "'$_[0]', 'reset', '$_[0]', '$user', '$version', '$address', 0, $_[1]" }],
    um_sessions => ['id, user_id, user_version, created_at, expires_at',
        sub { "'$_[0]', '$user', '$version', 0, $_[1]" }],
    um_held_names => ['hash, held_until', sub { "'$_[0]', $_[1]" }],
);
for my $number (0 .. $#rows) {
    my ($table, $what, $count, $stays, $values) = @{ $rows[$number] };
    my ($columns, $row) = @{ $into{$table} };
    my @values = map { '(' . $row->(id($number, $_), $values->()) . ')' } 1 .. $count;
    while (my @some = splice @values, 0, 300) {
        $sql->("insert into $table ($columns) values " . join ',', @some);
    }
}

sub left {
    my ($number) = @_;
    my $table = $rows[$number][0];
    my $key = $table =~ /\Aum_(?:one_time_tokens|held_names)\z/ ? 'hash'
        : $database->{driver} eq 'pgsql' ? 'cast(id as text)' : 'id';
    return $sql->("select count(*) from $table where $key like '" . sprintf('%08x', $number) . "-%'");
}

is(left($_), $rows[$_][2], "$rows[$_][0] $rows[$_][1]: there") for 0 .. $#rows;
my $server = UmServer->start($database, "UserMgmtMail file:$folder");
ok(await(20, sub { !grep { !$rows[$_][3] && left($_) } 0 .. $#rows }), 'expired rows are deleted');
is(left($_), $rows[$_][3] ? $rows[$_][2] : 0, "$rows[$_][0] $rows[$_][1]: " . ($rows[$_][3] ? 'stays' : 'gone'))
    for 0 .. $#rows;
is($sql->('select count(*) from um_users'), 1, 'accounts stay');

ask_each($server, $address);
ok(await(10, sub { glob "$folder/*.eml" }), 'mails are sent meanwhile');
unlike($server->log, qr/UM502/, 'the worker has logged no failure');
is($server->crashes, '', 'no process of the server crashed');

api_done();
