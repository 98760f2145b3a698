# SPDX-License-Identifier: Apache-2.0
package UmFault;
# A fault as a case of a suite: a server under load, the fault, the recovery, and an audit of every request.
#
#   fault 'database-terminated' => (on => 'pgsql', quick => 1, inject => sub { my ($world) = @_; ... });
#   faults_done();
#
# With UM_TEST_ROUNDS (t/faults/run sets it) each fault has so many rounds; else those have one that are marked quick.
# Options of a fault:
#   on         the database that it concerns; both if nothing is said
#   quick      whether it is short enough for each run of the tests
#   setup      makes the world before the server starts: { database, params, lines, sink, with => {...} } or parts of it
#   inject     causes the fault and ends it; it is over when this returns. Gets the world and the number of the round
#   recovery   seconds after which everything must be answered as ever; 10 if nothing is said: a process looks again five
#              seconds after a vain look (docs/operations.md), and connecting may take two
#   none       no answer of 503 is right, not even meanwhile
#   restores   whether a backup is restored: inject returns when that was made
#   no_answer  requests may remain without an answer meanwhile, because processes are killed
#   longest    seconds within which each request must be answered
use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmCase;
use UmCluster;
use UmLedger;
use UmServer;
use UmSmtpd;
use UmTest ();

our @EXPORT = qw(fault faults_done long_or_quick);

my $LOAD = 0.7;         # seconds of load before the fault, and after the recovery
my $CLIENTS = 4;
my $MAILS = 60;         # seconds until all mails must have been sent
my $PUT_OFF = 2;        # seconds after which mails that are put off are made due
my $SAMPLE = 8;         # accounts that are asked for by requests in each round

my $rounds = $ENV{UM_TEST_ROUNDS};
my $driver = UmTest::database();
my $plain;              # the world of the faults without a setup: they follow each other in it

sub fault {
    my ($name, %fault) = @_;
    return if $fault{on} && $fault{on} ne $driver;
    return if !$rounds && !$fault{quick};
    return case($name => sub { run_fault($name, %fault) });
}

sub faults_done {
    stop($plain) if $plain;
    return plan(skip_all => 'no fault of these is for this run') if !Test::More->builder->current_test;
    done_testing();
    return;
}

sub run_fault {
    my ($name, %fault) = @_;
    my $world = $fault{setup} ? start($fault{setup}->()) : ($plain ||= start({}));
    local $UmApi::PORT = $world->{server}{port};
    $world->{$_} ||= register() for qw(probe reader);
    my $log = $world->{server}->mark;
    my $is_good = 1;
    my %sum = (rounds => 0, requests => 0, refused => 0, unanswered => 0, lost => 0, doubled => 0, half_done => 0,
        wrong => 0);
    for my $round (1 .. $rounds || 1) {
        my $found = run_round($world, $round, %fault);
        $sum{rounds}++;
        $sum{$_} += $found->{$_} for qw(requests refused unanswered);
        $sum{$_} += @{ $found->{$_} } for qw(lost doubled half_done wrong);
        my @all = map { my $kind = $_; map { "$kind: $_" } @{ $found->{$kind} } } qw(lost doubled half_done wrong);
        $is_good &&= !@all;
        is(join("\n", @all > 12 ? (@all[0 .. 11], '... ' . @all) : @all), '',
            "round $round: nothing is lost, doubled, half done or wrongly refused ($found->{requests} requests, "
            . "$found->{refused} told to try again)");
        cmp_ok($found->{requests}, '>', 20, "round $round: there was load");
        last if @all > 40;
    }
    is($world->{server}->crashes($log), '', 'no process crashed') unless $fault{no_answer};
    report($name, \%sum);
    return if !$fault{setup} && $is_good;
    undef $plain unless $fault{setup};
    return stop($world);
}

sub stop {
    my ($world) = @_;
    $_->stop for grep { $_ } @{$world}{qw(server former cluster)};
    return;
}

sub start {
    my ($world) = @_;
    if (!$world->{database} && $driver eq 'pgsql') {
        $world->{cluster} = UmCluster->start(%{ $world->{cluster_with} || {} });
        $world->{database} = $world->{cluster}->database;
    }
    $world->{database} ||= new_database();
    $world->{sink} ||= UmSmtpd->start('--no-store', @{ $world->{mail_rules} || [] });
    $world->{database}{params} = $world->{params}->($world) if $world->{params};
    my $port = $world->{mail_port} || $world->{sink}{port};
    my $pages = private_pages();
    $world->{server} = UmServer->start($world->{database}, <<"END" . ($world->{lines} || ''), threads => 16, %{ $world->{with} || {} });
UserMgmtMail smtp://127.0.0.1:$port
UserMgmtEmailVerification on
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
UserMgmtRefreshGrace 300s
UserMgmtHashQueue 1000
UserMgmtHashWait 10s
UserMgmtDatabaseGrace 10m
${pages}
END
    return $world;
}

# Whether changes are made again, by any process: one right after the other.
sub has_recovered {
    my ($world) = @_;
    my $me = $world->{probe};
    my $least = UmTest::setting('MPM') eq 'prefork' ? 48 : 24;
    for my $number (1 .. $least) {
        my $answer = eval { call(PATCH => $me->{path}, any => 1, token => $me->{token},
            json => qq({"last_name":"$number"})) };
        return 0 if !$answer || $answer->{status} != 200;
    }
    return 1;
}

sub run_round {
    my ($world, $round, %fault) = @_;
    my $ledger = UmLedger->start(clients => $CLIENTS, page => { path => '/private/page.txt',
        token => $world->{reader}{token} });
    sleep $LOAD;
    my $began = time;
    my $backup = eval { $fault{inject}->($world, $round) };
    my $error = $@;
    my $over = time;
    my $recovery = $fault{recovery} || 10;
    my $is_back = await($recovery, sub { has_recovered($world) });
    my $ready = time;
    sleep $LOAD;
    my @entries = $ledger->stop;
    my %at = (began => $began, over => $ready, no_answer => $fault{no_answer}, longest => $fault{longest});
    @at{qw(began over)} = (9e9, 0) if $fault{none};
    # A restored backup cannot have what came after it, and says so.
    my %is_later = $fault{restores} ? map { ($_->{name} => 1) } grep { $_->{ended} >= $backup && $_->{began} < $over }
        @entries : ();
    my @judged = grep { !$is_later{ $_->{name} } || $_->{began} < $backup + 3 } @entries;
    my %found = (wrong => [refusals(\@judged, \%at)], requests => 0 + (grep { $_->{began} } @entries),
        refused => 0 + (grep { $_->{status} == 503 } @entries),
        unanswered => 0 + (grep { $_->{began} && $_->{status} == 0 } @entries));
    push @{ $found{wrong} }, "the fault could not be caused: $error" if $error;
    push @{ $found{wrong} }, "it has not recovered within $recovery s" unless $is_back;
    @entries = grep { !$is_later{ $_->{name} } } @entries;
    push @{ $found{lost} }, mails_wait($world);
    my $audit = audit($world->{database}{sql}, \@entries, [$world->{sink}->taken]);
    push @{ $found{$_} }, @{ $audit->{$_} } for qw(lost doubled half_done);
    push @{ $found{lost} }, sample(\@entries, $SAMPLE);
    return \%found;
}

# Waits until all mails were sent. What a worker that was killed has claimed, and what is put off, is made due, again and
# again: leases last longer than a test.
sub mails_wait {
    my ($world) = @_;
    my $sql = $world->{database}{sql};
    my $left;
    my $due = time + $PUT_OFF;
    my $is_sent = await($MAILS, sub {
        $left = eval { $sql->('select (select count(*) from um_requests) + (select count(*) from um_mail where state = 0)') };
        if ($left && time > $due) {
            eval { $sql->('update um_mail set due_at = 1, claim = null where state = 0 and due_at > 1') };
            $due = time + $PUT_OFF;
        }
        sleep 0.3 if $left;
        return defined $left && $left == 0;
    });
    return $is_sent ? () : defined $left ? "$left mails wait" : 'the database cannot be asked';
}

# A line of the table that t/faults/run prints.
sub report {
    my ($name, $sum) = @_;
    open my $out, '>>', UmTest::scratch() . '/logs/faults' or die "faults: $!\n";
    printf {$out} "%-8s %-7s %-28s %6d %8d %6d %10d %5d %7d %9d %6d\n", $driver, UmTest::setting('MPM'), $name,
        @{$sum}{qw(rounds requests refused unanswered lost doubled half_done wrong)};
    close $out;
    return;
}

# How long something lasts, or how often it is done: in rounds, and in each run of the tests.
sub long_or_quick {
    my ($long, $quick) = @_;
    return $rounds ? $long : $quick;
}

1;
