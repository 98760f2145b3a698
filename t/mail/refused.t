#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A mail server refuses some mails, hangs, breaks off or is slow: each mail is treated by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

my $database = new_database();
my $sql = $database->{sql};
my $sink = UmSmtpd->start('rcpt/^gone0=reply:550 5.1.1 <{to}> no such user', 'rcpt/^grey0=reply:450 4.7.1 try again*1',
    'rcpt/^never0=reply:450 4.2.0 never ready', 'rcpt/^old0=reply:451 4.3.0 not now', 'rcpt/^hang0=hang*1',
    'data/^large0=reply:552 5.3.4 too large', 'body/^line0=drop*1', 'dot/^spam0=reply:554 5.7.1 spam',
    'dot/^later0=reply:452 4.3.1 full*1', 'rcpt/^busy0=reply:421 4.7.0 busy*1', 'dot/^slow0=delay:0.7',
        'dot/^ack0=take,drop*1', 'idle/^idle0=drop*1');
my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$sink->{port}\nUserMgmtMailAttempts 3\n"
    . 'UserMgmtMailMaxAge 1h');
my %bad = map { $_ => add_accounts($database, 1, $_) }
    qw(gone grey never old hang large line spam later slow ack idle busy);
my @good = add_accounts($database, 30, 'good');

sub row {
    my ($kind) = @_;
    my ($state, $attempts, $wait, $reason) = split /\|/, $sql->('select state, attempts, due_at - '
        . int(time) . ", last_error from um_mail where address = '$bad{$kind}'");
    return { state => $state, attempts => $attempts, wait => $wait, reason => $reason };
}

sub count_to {
    my ($to) = @_;
    return scalar grep { $_->{to} eq $to } $sink->taken;
}

# Makes all waiting mails due.
sub hurry {
    $sql->('update um_mail set due_at = 0 where state = 0 and claim is null');
    return;
}

sub tried {
    my ($times) = @_;
    return await(20, sub { !$sql->("select 1 from um_mail where state = 0 and attempts < $times limit 1") });
}

# ---- the first attempt: all bad mails before the good ones -----------------------------------------------------------

my $began = time;
all_fine([ask_each($server, map({ $bad{$_} } sort keys %bad), @good)], 'requests are answered');
ok(await(50, sub { my %to = map { $_->{to} => 1 } $sink->taken; !grep { !$to{$_} } @good }),
    'the good mails are sent');
# A refused one is tried again after minutes.
cmp_ok(time - $began, '<', 50, 'good mails do not wait for refused ones');
ok(tried(1), 'each mail was tried');

my @ended = ([gone => '550 5.1.1'], [large => '552 5.3.4 too large'], [spam => '554 5.7.1 spam']);
for my $row (@ended) {
    my ($kind, $reason) = @$row;
    my $said = row($kind);
    is("$said->{state} $said->{attempts}", '2 1', "$kind: given up at once");
    like($said->{reason}, qr/\A\Q$reason\E/, "$kind: the record has the reason");
    unlike($said->{reason}, qr/\@example/, "$kind: the reason names no address");
    is(count_to($bad{$kind}), 0, "$kind: the server has not accepted it");
}
my @later = ([grey => '450 4.7.1 try again'], [never => '450 4.2.0'], [old => '451'], [hang => 'RCPT TO'],
    [line => 'message'], [later => '452'], [ack => 'message'], [busy => '421 4.7.0 busy']);
for my $row (@later) {
    my ($kind, $reason) = @$row;
    my $said = row($kind);
    is("$said->{state} $said->{attempts}", '0 1', "$kind: waits for its next attempt");
    like($said->{reason}, qr/\Q$reason\E/, "$kind: the record has the reason");
    ok($said->{wait} > 2 && $said->{wait} <= 39, "$kind: waits about half a minute") or diag($said->{wait});
}
my %waits = map { row($_->[0])->{wait} => 1 } @later;
cmp_ok(scalar keys %waits, '>', 1, 'the next attempts are not all due at the same second');
for my $kind (qw(slow idle)) {
    is(row($kind)->{state} . row($kind)->{attempts}, '11', "$kind: sent at the first attempt");
    is(count_to($bad{$kind}), 1, "$kind: accepted once");
}

# ---- the second attempt ----------------------------------------------------------------------------------------------

$sql->("update um_mail set created_at = created_at - 7200 where address = '$bad{old}'");
hurry();
ok(tried(2), 'each mail was tried again');
ok(await(10, sub { !grep { row($_)->{state} != 1 } qw(grey hang line later ack busy) }),
    'the mails with a temporary problem are sent');
is(count_to($bad{$_}), 1, "$_: accepted once") for qw(grey hang line later busy);
my @twice = grep { $_->{to} eq $bad{ack} } $sink->taken;
is(scalar @twice, 2, 'ack: accepted before the connection broke, and again');
is($twice[0]{id}, $twice[1]{id}, 'ack: both have the same Message-ID');
my @both = grep { $_->{to} eq $bad{ack} } mails_in($sink->{folder});
isnt($both[0]{token}, $both[1]{token}, 'ack: the tokens differ');
answer_is(validate($both[-1]{token}, port => $server->{port}), 200, $FINE, 'ack: the last token is valid');

is(row('old')->{state}, 2, 'old: given up because of its age');
like(row('old')->{reason}, qr/\A451.*too old/, 'old: the record has the reason of its last attempt');
my $never = row('never');
is("$never->{state} $never->{attempts}", '0 2', 'never: waits for its third attempt');
ok($never->{wait} > 30 && $never->{wait} <= 76, 'never: waits longer than before') or diag($never->{wait});
hurry();
ok(settle(sql => $sql), 'the outbox is empty after the third attempt');
$never = row('never');
is("$never->{state} $never->{attempts}", '2 3', 'never: given up');
like($never->{reason}, qr/\A450 4\.2\.0 never ready/, 'never: the record has the reason');

# ---- all attempts together -------------------------------------------------------------------------------------------

my %count;
$count{ $_->{to} }++ for $sink->taken;
is_deeply([grep { $count{$_} != 1 } @good], [], 'each good mail came once');
is(join(' ', sort grep { $count{$_} != 1 } keys %count), $bad{ack},
    'only the mail whose acknowledgement was lost came twice');
my @told = grep { /UM503/ } split /\n/, $server->log;
cmp_ok(scalar @told, '>=', 12, 'the log has the refusals');
is(scalar(grep { /UM503: mail $UUID \(reset, try \d\) (?:put off|given up): / } @told), scalar @told,
    'each failure is logged in one form');
like(join("\n", @told), qr/given up: 550 5\.1\.1/, 'a mail that was given up is logged with its reason');
unlike(join("\n", @told), qr/\@example\.org/, 'no address is in these lines');
my $secrets = join '|', map { quotemeta } tokens_seen();
unlike($server->log, qr/$secrets/, 'no token is in the log');
is($server->crashes, '', 'no process of the server crashed');

api_done();
