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

sub start {
    my ($sink, $database, @with) = @_;
    return UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$sink->{port}", @with);
}

# Kills the child that sends, and returns what it had claimed.
sub kill_sender {
    my ($server, $sink, $sql) = @_;
    my $child = await(20, sub { $server->child_at($sink->{port}) }) or die "nobody sends\n";
    # The child is stopped first, so that no other child takes over before the claims are read.
    kill STOP => $child;
    await(5, sub { UmTest::slurp("/proc/$child/stat") =~ /\A\d+ \(.*\) T/s });
    sleep 0.1;      # what the database is doing for it comes to its end
    my @claims = split /\n/, $sql->('select distinct claim from um_mail where state = 0 and claim is not null');
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

# On one kind of database, this lease ends by itself while the other cases run.
my $IS_PATIENT = UmTest::database() eq 'sqlite3';
my $lost = { database => new_database(), sink => UmSmtpd->start('dot=take,hang*1') };
$lost->{server} = start($lost->{sink}, $lost->{database});
my @to = add_accounts($lost->{database}, 3, 'lost');
ask_each($lost->{server}, @to);
my $sent_at = await(20, sub { $lost->{sink}->taken }) && time;
my @lost = kill_sender($lost->{server}, $lost->{sink}, $lost->{database}{sql});

# ---- killed many times while sending ---------------------------------------------------------------------------------

{
    my $database = new_database();
    my $sql = $database->{sql};
    my $sink = UmSmtpd->start('--no-store', 'dot=delay:0.01');
    my @all = add_accounts($database, $COUNT, 'many');
    # mod_watchdog lets another child take over after ten seconds. With one child, its successor begins at once.
    my $server = start($sink, $database, children => 1);
    all_fine([ask_each($server, @all)], "$COUNT requests are answered");
    my $killed = 0;
    for my $kill (1 .. $KILLS) {
        my $so_far = $sink->taken;
        await(20, sub { $sink->taken > $so_far + 20 });
        my @claims = kill_sender($server, $sink, $sql);
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
    end_lease($sql, @lost) unless $IS_PATIENT;
    ok(settle(sql => $sql, seconds => $LEASE + 20), 'mails that a killed child had claimed are sent by another child');
    my $took = time - $sent_at;
    cmp_ok($took, '>', $LEASE - 4, 'a claimed mail is not sent before its lease has ended') if $IS_PATIENT;
    cmp_ok($took, '<', $LEASE + 10, 'a claimed mail is sent soon after its lease has ended') if $IS_PATIENT;
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
