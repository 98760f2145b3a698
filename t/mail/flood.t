#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Floods of requests delay no other mail and leave no rows behind, and expired rows are deleted meanwhile.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

my $COUNT = 200_000;
my $HOURLY = 20;        # UserMgmtMailHourlyLimit
my $SESSIONS = 300_000;

my $database = new_database();
my $sql = $database->{sql};
my ($victim, @to) = add_accounts($database, 61, 'flood');
my $now = time;
my $number = $database->{driver} eq 'pgsql' ? 'cast(%s as uuid)' : '%s';

# Inserts $count rows. $values may use i, the number of the row.
sub fill {
    my ($count, $into, $values) = @_;
    $sql->("with recursive n(i) as (select 1 union all select i + 1 from n where i < $count) $into select $values from n");
    return;
}

# SQL of an id that is made of i and sorts before every id that is made now.
sub id {
    my ($part) = @_;
    return $database->{driver} eq 'pgsql' ? "cast('$part-0000-7000-8000-' || lpad(to_hex(i), 12, '0') as uuid)"
        : "printf('$part-0000-7000-8000-%012x', i)";
}

# ---- expired rows are deleted while requests come --------------------------------------------------------------------

my ($user, $version) = split /\|/, $sql->('select id, version from um_users limit 1');
($user, $version) = map { sprintf $number, "'$_'" } $user, $version;
fill($SESSIONS, 'insert into um_sessions (id, user_id, user_version, created_at, expires_at)',
    id('00000001') . ", $user, $version, 1, " . ($now - 10));
my $sink = UmSmtpd->start('--no-store');
my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$sink->{port}");
my $ringer = fork;
die "fork: $!\n" unless defined $ringer;
if (!$ringer) {
    ask_each($server, ('nobody@example.org') x 100) while getppid() != 1;
    POSIX::_exit(0);
}
my (@asked, @answers);
my $is_clear = await(300, sub {
    push @asked, $to[@asked % 40];
    push @answers, ask_each($server, $asked[-1]);
    return !$sql->('select count(*) from um_sessions');
});
kill KILL => $ringer;
waitpid $ringer, 0;
ok($is_clear, 'expired sessions are deleted while requests come all the time');
all_fine(\@answers, 'all requests are answered');
ok(settle(sql => $sql), 'the outbox is empty');
my %most;
my @wanted = grep { ++$most{$_} <= $HOURLY } @asked;
each_once([$sink->taken], \@wanted, 'each wanted mail came once');

# ---- many requests wait ----------------------------------------------------------------------------------------------

my $site = $sql->('select min(site) from um_mail');
my $before = () = $sink->taken;
my $late = $to[-1];
my $into = 'insert into um_requests (site, id, kind, email_key, address, created_at)';
fill(5000, $into, "'$site', " . id('00000003') . ", 'reset', '$victim', '$victim', $now");
fill($COUNT, $into, "'$site', " . id('00000002') . ", 'reset', 'x' || i || '\@example.org',
    'x' || i || '\@example.org', "
    . $now);
all_fine([ask_each($server, $late)], 'a request after a flood of requests is answered');
ok(await(60, sub { grep { $_->{to} eq $late } $sink->taken }), 'the mail that was asked for last is sent');
cmp_ok(waiting($sql), '>', $COUNT / 10, 'that mail is sent while most of the requests still wait');
ok(settle(sql => $sql, seconds => 120), 'the outbox is empty after that');
is((grep { $_->{to} eq $victim } $sink->taken) + 0, $HOURLY,
    'an address gets no more mails than its hourly limit');
is($sink->taken - $before, $HOURLY + 1, 'the mails within the limit and the late one were sent, and no other');
is($sql->("select count(*) from um_mail where address like 'x%'"), 0, 'requests for unknown addresses leave no mail');
cmp_ok($sql->("select count(*) from um_mail where address = '$victim'"), '<=', 2 * $HOURLY,
    'requests beyond the limit leave few mails');
unlike($server->log, qr/UM502/, 'the worker has logged no failure');
is($server->crashes, '', 'no process of the server crashed');

api_done();
