#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd restarts and stops while it sends mails: none is lost or sent twice, nothing crashes, no request waits long.
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

my $RESTARTS = 6;
my $KILLS_AFTER = 9;    # seconds after which httpd kills its children

sub killed {
    my ($server) = @_;
    return join "\n", grep { /sending a SIGKILL|could not make child process/ } split /\n/, $server->log;
}

# Repeats requests that get 503, as clients should: SQLite may be busy while connections are closed and opened.
sub ask_patiently {
    my ($server, @to) = @_;
    my @answers = ask_each($server, @to);
    for my $try (1 .. 10) {
        my @again = grep { $answers[$_]{status} == 503 } 0 .. $#to;
        last if !@again || UmTest::database() ne 'sqlite3';
        sleep 0.3;
        @answers[@again] = ask_each($server, @to[@again]);
    }
    return @answers;
}

# ---- graceful restarts while sending ---------------------------------------------------------------------------------

{
    my $database = new_database();
    my $sink = UmSmtpd->start('--no-store', 'dot=delay:0.01');
    my @to = add_accounts($database, 300, 'again');
    my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$sink->{port}");
    my @answers = ask_patiently($server, @to[0 .. 99]);
    my $busy = 0;
    for my $restart (1 .. $RESTARTS) {
        my $so_far = $sink->taken;
        await(10, sub { $sink->taken > $so_far + 5 });
        $busy += waiting($database->{sql}) > 0;
        ok($server->graceful, "graceful restart $restart");
        push @answers, ask_patiently($server, @to[100 + 30 * ($restart - 1) .. 99 + 30 * $restart]);
    }
    push @answers, ask_patiently($server, @to[280 .. 299]);
    is($busy, $RESTARTS, 'mails waited at each restart');
    all_fine(\@answers, 'every request was answered');
    ok(settle(sql => $database->{sql}, seconds => 60), 'all mails are sent');
    each_once([$sink->taken], \@to, 'each mail came once');
    is($database->{sql}->('select count(*) from um_mail where state <> 1 or attempts <> 1'), 0,
        'each mail was sent at the first try');
    cmp_ok($server->stop, '<', $KILLS_AFTER, 'the server ends within its time');
    is($server->crashes, '', 'no process of the server crashed');
    is(killed($server), '', 'no child had to be killed');
}

# ---- a silent mail server delays neither restart nor stop ------------------------------------------------------------

for my $way (qw(graceful stop)) {
    my $database = new_database();
    my $sql = $database->{sql};
    my $sink = UmSmtpd->start('--no-store', 'rcpt=hang*1');
    my @to = add_accounts($database, 5, 'held');
    my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$sink->{port}\nUserMgmtMailTimeout 30s");
    ask_each($server, @to);
    ok(await(20, sub { $server->child_at($sink->{port}) }), "$way: a mail is being sent to a silent server");
    sleep 0.3;
    my $log = $server->log;
    if ($way eq 'graceful') {
        my $began = time;
        my %old = map { $_ => 1 } $server->children;
        ok($server->graceful, "the server was restarted: $way");
        is(call(OPTIONS => $USERS, port => $server->{port})->{status}, 200, "$way: the server answers");
        ok(await(20, sub { !grep { $old{$_} } $server->children }), "$way: the old children end");
        cmp_ok(time - $began, '<', $KILLS_AFTER, "the old children end soon: $way");
    }
    else {
        cmp_ok($server->stop, '<', $KILLS_AFTER, "$way: the server ends soon");
        # Of those that were asked for while the first one was being sent there is no mail yet.
        is($sql->('select count(*) from um_mail where state <> 0 or claim is not null or attempts <> 0'), 0,
            "$way: all claims are released, and no attempt is counted");
        $server->launch;
    }
    ok(settle(sql => $sql), "$way: all mails are sent then, without waiting for a lease");
    each_once([$sink->taken], \@to, "$way: each mail came once");
    $server->stop;
    is($server->crashes, '', "$way: nothing crashed");
    is(killed($server), '', "$way: no child had to be killed");
}

api_done();
