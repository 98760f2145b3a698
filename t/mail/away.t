#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The mail server is away: requests are as fast as ever, and nothing is lost until it is back.
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

# In turns, so that whatever else the machine does meets all alike.
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
    cmp_ok($now, '<', 2 * $usual + 0.005, "mail server $kind: as fast as ever");
    is(scalar(grep { $_->{seconds} > 0.9 } @{ $answers{$kind} }), 0, "mail server $kind: nobody waits for its timeout");
}
ok(settle(sql => $case{there}{sql}), 'where it is there, all is sent');
for my $kind (qw(closed silent broken)) {
    my $sql = $case{$kind}{sql};
    ok(await(15, sub { $sql->("select 1 from um_mail where last_error <> '' limit 1") }), "sending was tried: $kind");
    await(10, sub { !$sql->('select 1 from um_mail where claim is not null limit 1') });
    is(waiting($sql), $COUNT, "$kind: all wait");
    # One that is silent, or breaks off, before it knows of any recipient is away for all.
    # What is claimed just now has its try counted until it is given back.
    is($sql->('select max(attempts) from um_mail where claim is null'), 0, "$kind: which counts as no try");
    cmp_ok(scalar(() = $case{$kind}{server}->log =~ /UM503/g), '<=', 6, "$kind: the log does not fill");
}

# ---- back ----------------------------------------------------------------------------------------------------------

my $began = time;
$sink{closed} = UmSmtpd->start('--port', $port);
# One kind of database is enough to see that it comes up by itself.
$case{closed}{sql}->('update um_mail set due_at = 0 where state = 0') if UmTest::database() eq 'pgsql';
ok(settle(sql => $case{closed}{sql}, seconds => $LATE + 10), 'all mails are sent after the mail server is back');
cmp_ok(time - $began, '<', $LATE, 'the mails are sent soon, without another request');
for my $kind (qw(there closed)) {
    each_once([$sink{$kind}->taken], $case{$kind}{to}, "$kind: each once");
}
is(scalar(() = $sink{closed}->connections), 1, 'over one connection');
is_deeply([map { @{ $_->{wrong} } } (mails_in($sink{closed}{folder}))[0 .. 4]], [], 'the mails are well-formed');
is(join('', map { $_->{server}->crashes } values %case), '', 'no process of the server crashed');

api_done();
