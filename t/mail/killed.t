#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd is killed while it has claimed mails: none is lost, and only a mail whose acknowledgement was lost comes twice.
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

my $COUNT = 400;
my $KILLS = 5;
my $LEASE = 41;     # seconds: of a batch, one mail's timeout, and for two clocks
my $PATIENCE = 60;  # seconds; more than anything here takes on a loaded machine

sub start {
    my ($sink, $database, $lines, @with) = @_;
    return UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$sink->{port}\n$lines\n", @with);
}

# Kills the child that sends while it has claimed mails, and returns its claims. It is stopped first, so that no other
# child takes over before they are read. Between two batches it has none: then it goes on for a moment.
sub kill_sender {
    my ($server, $sink, $sql) = @_;
    my ($child, @claims);
    await($PATIENCE, sub {
        $child = $server->child_at($sink->{port}) or return 0;
        kill STOP => $child;
        await($PATIENCE, sub { UmTest::slurp("/proc/$child/stat") =~ /\A\d+ \(.*\) T/s });
        sleep 0.1;      # what the database is doing for it comes to its end
        @claims = split /\n/, $sql->('select distinct claim from um_mail where state = 0 and claim is not null');
        return 1 if @claims;
        kill CONT => $child;
        return 0;
    }) or die "nobody sends\n";
    kill KILL => $child;
    return @claims;
}

# Makes the mails of these claims due, as when their lease has ended.
sub end_lease {
    my ($sql, @claims) = @_;
    $sql->('update um_mail set due_at = 0 where state = 0 and claim in (' . join(',', map { "'$_'" } @claims) . ')')
        if @claims;
    return;
}

# ---- the acknowledgement is lost -------------------------------------------------------------------------------------

my $lost = { database => new_database(), sink => UmSmtpd->start('dot=take,hang*1') };
$lost->{server} = start($lost->{sink}, $lost->{database}, '');
my @to = add_accounts($lost->{database}, 3, 'lost');
ask_each($lost->{server}, @to);
ok(await($PATIENCE, sub { $lost->{sink}->taken }), 'a mail is accepted, and nobody is told');
my @lost = kill_sender($lost->{server}, $lost->{sink}, $lost->{database}{sql});
# A mail is claimed after it was made and before it is prepared, so these bounds hold however slow the machine is.
is($lost->{database}{sql}->('select min(due_at - created_at) >= ' . $LEASE . ', max(due_at - made_at) <= ' . $LEASE
    . ' from um_mail where state = 0 and claim is not null') =~ s/t(?:rue)?\b/1/gr, '1|1',
    "a claim is a lease of $LEASE seconds");

# ---- killed many times while sending ---------------------------------------------------------------------------------

{
    my $database = new_database();
    my $sql = $database->{sql};
    my $sink = UmSmtpd->start('--no-store', 'dot=delay:0.01');
    my @all = add_accounts($database, $COUNT, 'many');
    # mod_watchdog lets another child take over after ten seconds. With one child, its successor begins at once.
    my $server = start($sink, $database, 'UserMgmtMailTimeout 60s', children => 1);
    all_fine([ask_each($server, @all)], "$COUNT requests are answered");
    my $killed = 0;
    for my $kill (1 .. $KILLS) {
        my $so_far = $sink->taken;
        await($PATIENCE, sub { $sink->taken > $so_far + 20 });
        # The mail server says nothing until the child is dead, so not all mails are sent before the last kill.
        kill STOP => $sink->{pid};
        my @claims = kill_sender($server, $sink, $sql);
        kill CONT => $sink->{pid};
        $killed++ if @claims;
        end_lease($sql, @claims);
    }
    is($killed, $KILLS, 'the sending child was killed, each time with claimed mails');
    cmp_ok(scalar(() = $sink->taken), '<', $COUNT, 'the child was killed before the last mail was sent');
    # The whole server is killed, and once more while it starts.
    for my $wait (0.5, 0.1) {
        sleep $wait;
        $server->kill_all;
        end_lease($sql, split /\n/, $sql->('select distinct claim from um_mail where state = 0 and claim is not null'));
        $server->launch;
    }
    ok(settle(sql => $sql, seconds => 60), 'all mails are sent');
    my (%count, %ids);
    for my $mail ($sink->taken) {
        $count{ $mail->{to} }++;
        $ids{ $mail->{to} }{ $mail->{id} } = 1;
    }
    each_once([map { { to => $_ } } keys %count], \@all, 'each address got its mail');
    my $taken = () = $sink->taken;
    cmp_ok($taken - $COUNT, '<=', $KILLS + 2, 'at most one mail came twice for each kill');
    is_deeply([grep { keys %{ $ids{$_} } > 1 } sort keys %ids], [], 'a mail that came twice has the same Message-ID');
    is($sql->('select count(*) from um_mail where state <> 1'), 0, 'each mail is recorded as sent');
    is($server->crashes, '', 'no process crashed by itself');
}

# ---- the lease ends by itself ----------------------------------------------------------------------------------------

{
    my $sql = $lost->{database}{sql};
    # Four seconds of the lease are left, however long the other cases took: two looks of the other child.
    my $ends = int(time) + 4;
    my $so_far = $lost->{sink}->taken;
    $sql->("update um_mail set due_at = $ends where state = 0 and claim in (" . join(',', map { "'$_'" } @lost) . ')');
    my $is_early = await($PATIENCE, sub { return 'yes' if $lost->{sink}->taken != $so_far && time < $ends;
        return time >= $ends ? 'no' : undef });
    is($is_early, 'no', 'a claimed mail is not sent before its lease has ended');
    ok(settle(sql => $sql, seconds => $PATIENCE), 'mails that a killed child had claimed are sent by another child');
    my @taken = $lost->{sink}->taken;
    each_once(\@taken, [@to, $taken[0]{to}],
        'the mail that was accepted when the child died comes twice, the others once');
    my %ids = map { $_->{id} => 1 } grep { $_->{to} eq $taken[0]{to} } @taken;
    is(scalar keys %ids, 1, 'a mail that came twice has the same Message-ID');
    my @mails = grep { $_->{to} eq $taken[0]{to} } mails_in($lost->{sink}{folder});
    is_deeply([map { @{ $_->{wrong} } } @mails], [], 'the mails are well-formed');
    answer_is(validate($mails[-1]{token}, port => $lost->{server}{port}), 200, $FINE,
        'the token of the mail that came twice is valid');
}

api_done();
