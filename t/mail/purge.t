#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The worker deletes records of mails that were sent or given up, expired tokens and sessions, names that are no longer
# held back, and old events.
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

# The id of an event begins with its time.
my %at = (old => 1000 * ($now - 30 * 86400 - 60), young => 1000 * ($now - 30 * 86400 + 3600));
sub event_id { return sprintf('%012x', $at{ $_[0] }) =~ s/(.{8})/$1-/r . sprintf '-7000-8000-%012x', $_[1] }

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
    [um_idempotency => 'expired', 1200, 0, sub { ($now - 10) }],
    [um_idempotency => 'still kept', 30, 1, sub { ($now + 3600) }],
    [um_webhooks => 'delivered long ago', 1200, 0, sub { "1, 0, " . ($now - $keep - 3600) }],
    [um_webhooks => 'given up long ago', 100, 0, sub { "2, 0, " . ($now - $keep - 3600) }],
    [um_webhooks => 'delivered lately', 30, 1, sub { "1, 0, " . ($now - $keep + 3600) }],
    [um_webhooks => 'waiting, for another host', 30, 1, sub { "0, " . ($now - 20 * 86400) . ", null" }],
    [um_events => 'older than UserMgmtEventsKeep', 1200, 0, sub { 'old' }],
    [um_events => 'younger', 30, 1, sub { 'young' }],
);
my %into = (
    um_mail => ['id, kind, state, due_at, address, created_at, done_at', sub { "'$_[0]', $_[1]" }],
    um_one_time_tokens => ['hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at',
        sub { "'$_[0]', 'reset', '$_[0]', '$user', '$version', '$address', 0, $_[1]" }],
    um_sessions => ['id, user_id, user_version, created_at, expires_at',
        sub { "'$_[0]', '$user', '$version', 0, $_[1]" }],
    um_idempotency => ['key_hash, body_hash, user_id, user_version, has_session, expires_at',
        sub { "'$_[0]', 'b', '$user', '$version', 1, $_[1]" }],
    um_webhooks => ['id, site, url, event_id, kind, at_ms, created_at, state, due_at, done_at',
        sub { "'$_[0]', 'elsewhere', 'https://example.org/', '$_[0]', 'account.added', 0, 0, $_[1]" }],
    um_held_names => ['hash, held_until', sub { "'$_[0]', $_[1]" }],
    um_events => ['id, user_id, kind, at_ms, actor, detail, address, user_agent, request_id, host, node', sub {
        my ($number) = $_[0] =~ /(\w+)\z/;
        return "'" . event_id($_[1], hex $number) . "', '$user', 'password_changed', $at{ $_[1] }, '', '', '', '', '', '', ''";
    }],
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
    if ($table eq 'um_events') {
        return $sql->("select count(*) from um_events where at_ms = $at{ $rows[$number][4]->() }");
    }
    my $key = $table =~ /\Aum_(?:one_time_tokens|held_names)\z/ ? 'hash' : $table eq 'um_idempotency' ? 'key_hash'
        : $database->{driver} eq 'pgsql' ? 'cast(id as text)' : 'id';
    return $sql->("select count(*) from $table where $key like '" . sprintf('%08x', $number) . "-%'");
}

is(left($_), $rows[$_][2], "$rows[$_][0] $rows[$_][1]: there") for 0 .. $#rows;
# The rows that each statement deletes are counted where the database can do that.
my $is_pgsql = $database->{driver} eq 'pgsql';
if ($is_pgsql) {
    $sql->('create table batches (rows bigint)');
    $sql->("create function count_batch() returns trigger language plpgsql as 'begin insert into batches select count(*) from"
        . " gone; return null; end'");
    $sql->('create trigger counted after delete on um_events referencing old table as gone for each statement'
        . ' execute function count_batch()');
}
my $lines = "UserMgmtMail file:$folder\nUserMgmtEventsKeep 30d\n";
my $server = UmServer->start($database, $lines);
ok(await(20, sub { !grep { !$rows[$_][3] && left($_) } 0 .. $#rows }), 'expired rows are deleted');
is(left($_), $rows[$_][3] ? $rows[$_][2] : 0, "$rows[$_][0] $rows[$_][1]: " . ($rows[$_][3] ? 'stays' : 'gone'))
    for 0 .. $#rows;
is($sql->('select count(*) from um_users'), 1, 'accounts stay');
is($sql->('select max(rows) from batches'), 200, 'events are deleted two hundred at a time') if $is_pgsql;

ask_each($server, $address);
ok(await(10, sub { glob "$folder/*.eml" }), 'mails are sent meanwhile');

# Of a site that keeps no events.
$UmApi::PORT = $server->{port};
my $one = register();
is($sql->("select count(*) from um_events where user_id = '$one->{id}'"), 1, 'an event is stored');
$server->configure($lines =~ s/30d/0/r);
$server->graceful;
my $other = register();
ok(await(20, sub { $sql->('select count(*) from um_events') eq '0' }), 'UserMgmtEventsKeep 0 deletes all and stores none');
is(login($other->{username}, $other->{password}) ? 1 : 0, 1, 'the account of which none was stored is there');
unlike($server->log, qr/UM502/, 'the worker has logged no failure');
is($server->crashes, '', 'no process of the server crashed');

api_done();
