#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The mail server is unreachable: requests take no longer than usual, and no mail is lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

my $COUNT = 80;
my $LATE = 25;      # seconds after which a mail is looked for again, and some more

sub start {
    my ($port) = @_;
    my $database = new_database();
    my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$port");
    return { server => $server, sql => $database->{sql}, to => [add_accounts($database, $COUNT, 'away')] };
}

sub middle {
    my @sorted = sort { $a <=> $b } map { $_->{seconds} } @_;
    return $sorted[@sorted / 2];
}

my %sink = (there => UmSmtpd->start, silent => UmSmtpd->start('connect=hang'), broken => UmSmtpd->start('mail=drop'));
my $port = free_port();
my %case = (there => start($sink{there}{port}), silent => start($sink{silent}{port}),
    broken => start($sink{broken}{port}), closed => start($port));

# The servers take turns, so that other load of the machine affects all of them alike.
my %answers;
for my $round (0 .. $COUNT / 20 - 1) {
    for my $kind (sort keys %case) {
        push @{ $answers{$kind} },
            ask_each($case{$kind}{server}, @{ $case{$kind}{to} }[$round * 20 .. $round * 20 + 19]);
    }
}
my $usual = middle(@{ $answers{there} });
for my $kind (sort keys %case) {
    all_fine($answers{$kind}, "mail server $kind: requests are answered");
    my $now = middle(@{ $answers{$kind} });
    cmp_ok($now, '<', 2 * $usual + 0.005, "mail server $kind: requests take no longer than usual");
    is(scalar(grep { $_->{seconds} > 0.9 } @{ $answers{$kind} }), 0,
        "mail server $kind: no request waits for its timeout");
}
ok(settle(sql => $case{there}{sql}), 'there: all mails are sent');
for my $kind (qw(closed silent broken)) {
    my $sql = $case{$kind}{sql};
    ok(await(15, sub { $sql->("select 1 from um_mail where last_error <> '' limit 1") }), "sending was tried: $kind");
    await(10, sub { !$sql->('select 1 from um_mail where claim is not null limit 1') });
    is(waiting($sql), $COUNT, "$kind: all mails wait");
    # A server that hangs or breaks off before the first recipient counts as unreachable for all mails. A claimed mail
    # has its attempt counted until the claim is released.
    is($sql->('select max(attempts) from um_mail where claim is null'), 0, "$kind: no attempt is counted");
    cmp_ok(scalar(() = $case{$kind}{server}->log =~ /UM503/g), '<=', 6, "$kind: the log has few lines");
}

# ---- reachable again -------------------------------------------------------------------------------------------------

my $began = time;
$sink{closed} = UmSmtpd->start('--port', $port);
# On SQLite the mails become due by themselves. One kind of database is enough to show that.
$case{closed}{sql}->('update um_mail set due_at = 0 where state = 0') if UmTest::database() eq 'pgsql';
ok(settle(sql => $case{closed}{sql}, seconds => $LATE + 10), 'all mails are sent after the mail server is back');
cmp_ok(time - $began, '<', $LATE, 'the mails are sent soon, without another request');
for my $kind (qw(there closed)) {
    each_once([$sink{$kind}->taken], $case{$kind}{to}, "$kind: each mail came once");
}
is(scalar(() = $sink{closed}->connections), 1, 'all mails came over one connection');
is_deeply([map { @{ $_->{wrong} } } (mails_in($sink{closed}{folder}))[0 .. 4]], [], 'the mails are well-formed');
is(join('', map { $_->{server}->crashes } values %case), '', 'no process of the server crashed');

api_done();
