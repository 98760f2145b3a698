#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database that stays connected and answers nobody, with more clients than threads: what needs no database is served
# as ever, the rest is told to try again, and nothing has to be restarted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmCluster;
use UmMail;
use UmServer;
use UmSmtpd;

# SQLite is in the process itself: a call ends when the disk has answered, and what others lock is waited for with a
# bound of its own.
plan(skip_all => 'SQLite has no server that could hang') if UmTest::database() ne 'pgsql';
plan(skip_all => 'a process of prefork has one thread, and waits alone') if UmTest::setting('MPM') eq 'prefork';

my ($CLIENTS, $THREADS) = (60, 50);
my $TIMEOUT = 5;    # UserMgmtDatabaseTimeout
my $FROZEN = 14;    # seconds
my $RAMP = 4;       # seconds in which the clients begin

my $cluster = UmCluster->start;
my $database = $cluster->database;
my $sink = UmSmtpd->start('--no-store');
my $grace_port = free_port();
my $pages = private_pages();
my $server = UmServer->start($database, <<"END", children => 1, threads => $THREADS);
DBDMax 16
UserMgmtMail smtp://127.0.0.1:$sink->{port}
UserMgmtIssuer https://accounts.test.example
UserMgmtRevocationDelay 10m
${pages}Listen 127.0.0.1:$grace_port
<VirtualHost 127.0.0.1:$grace_port>
    UserMgmtRevocationDelay 2s
    UserMgmtDatabaseGrace 10m
</VirtualHost>
END
$UmApi::PORT = $server->{port};

my $me = register();
my @accounts = map { register() } 1 .. $CLIENTS;
my $over = "$server->{folder}/over";

# ---- processes that note what they are answered --------------------------------------------------------------------

# Lines of: began, seconds, status, whatever else.
sub noting {
    my ($function) = @_;
    my $file = UmTest::new_folder() . '/notes';
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        open my $out, '>', $file or POSIX::_exit(1);
        eval { $function->($out) };
        print {$out} "0 0 0 $@" if $@;
        close $out;
        POSIX::_exit(0);
    }
    return { child => $child, file => $file };
}

sub noted {
    my ($noting) = @_;
    waitpid $noting->{child}, 0;
    return map { my ($began, $seconds, $status, @more) = split / /;
        { began => $began, seconds => $seconds, status => $status, more => \@more } } split /\n/,
        UmTest::slurp($noting->{file});
}

# One page, again and again.
sub page {
    my ($path, %with) = @_;
    return noting(sub {
        my ($out) = @_;
        while (!-e $over) {
            my $began = time;
            my $answer = call(GET => $path, any => 1, %with);
            print {$out} join(' ', $began, time - $began, $answer->{status}), "\n";
            sleep 0.1;
        }
    });
}

# All clients by one process: each reads and changes its account in turns, and counts in the first name. They begin one
# after the other: a connection to the database is opened and prepares its statements when it is first needed; all
# clients at once on a slow machine would wait longer for each other than the server lets them.
sub clients {
    my ($out) = @_;
    my $select = IO::Select->new;
    my @clients = map { { account => $accounts[$_], step => 0, next => time + $_ * $RAMP / $CLIENTS } } 0 .. $#accounts;
    my %by;
    while (!-e $over || $select->count) {
        for my $client (@clients) {
            next if $client->{socket} || $client->{next} > time || -e $over;
            $client->{socket} = connection();
            $client->{began} = time;
            $client->{bytes} = '';
            $by{ $client->{socket} } = $client;
            $select->add($client->{socket});
            my @request = ++$client->{step} % 2
                ? (PATCH => $client->{account}{path}, json => qq({"first_name":"$client->{step}"}))
                : (GET => $client->{account}{path});
            syswrite($client->{socket}, request_text(@request, token => $client->{account}{token}));
        }
        for my $socket ($select->can_read(0.05)) {
            my $client = $by{$socket};
            next if sysread($socket, $client->{bytes}, 65536, length $client->{bytes});
            my $answer = answers($client->{bytes})->[0] || { status => 0, head => {} };
            print {$out} join(' ', $client->{began}, time - $client->{began}, $answer->{status},
                $client->{account}{id}, $client->{step}, exists $answer->{head}{'retry-after'} ? 1 : 0), "\n";
            $select->remove($socket);
            delete $by{$socket};
            delete $client->{socket};
            $client->{next} = time + ($answer->{status} == 200 ? 0.02 : 0.2);
        }
    }
    return;
}

sub longest {
    my @sorted = sort { $a <=> $b } map { $_->{seconds} } @_;
    return @sorted ? $sorted[-1] : 0;
}

sub middle {
    my @sorted = sort { $a <=> $b } map { $_->{seconds} } @_;
    return $sorted[@sorted / 2] || 0;
}

sub statuses {
    my %count;
    $count{ $_->{status} }++ for @_;
    return join ' ', map { "$_: $count{$_}" } sort keys %count;
}

# ---- stopped, and let go on ----------------------------------------------------------------------------------------

my @children = $server->children;
call(GET => '/private/page.txt', any => 1, token => $me->{token}, port => $_) for $server->{port}, $grace_port;
my %page = (
    open => page('/open.txt'),
    known => page('/private/page.txt', token => $me->{token}),
    grace => page('/private/page.txt', token => $me->{token}, port => $grace_port),
);
my $clients = noting(\&clients);
sleep $RAMP + 3;
$cluster->freeze;
my $stopped = time;
sleep $FROZEN;
my $mail = call(POST => '/api/password_reset/', any => 1, json => '{"email":"a@example.org"}');
my $goes_on = time;
$cluster->thaw;
my $back = await(30, sub { call(GET => $me->{path}, any => 1, token => $me->{token})->{status} == 200 && time });
sleep 4;
UmTest::spew($over, '');

my @answers = noted($clients);
is($mail->{status}, 503, 'a mail that cannot be noted is not promised');
for my $kind (sort keys %page) {
    my @all = noted($page{$kind});
    my @meanwhile = grep { $_->{began} > $stopped - 1 && $_->{began} < $goes_on } @all;
    like(statuses(@all), qr/\A200: \d+\z/, "$kind: each request is answered as ever");
    cmp_ok(scalar @meanwhile, '>', 5, "$kind: some came while the database hung");
    # Once its delay is over a page is asked for once, which waits as long as a statement may take.
    my @later = $kind eq 'grace' ? grep { $_->{began} > $stopped + $TIMEOUT + 2 } @meanwhile : @meanwhile;
    cmp_ok(middle(@later), '<', 0.5, "$kind: as soon");
    # The request that asks whether the database is back waits for it a little.
    cmp_ok(longest(@later), '<', $TIMEOUT, "$kind: and none as long as a statement may");
}

my @before = grep { $_->{began} + $_->{seconds} < $stopped } @answers;
my @meanwhile = grep { $_->{began} > $stopped && $_->{began} + $_->{seconds} < $goes_on } @answers;
my @refused = grep { $_->{began} > $stopped + $TIMEOUT + 3 } @meanwhile;
# More clients than connections on a machine with other work: a few may wait for one longer than the server lets them.
like(statuses(@before), qr/\A200: \d{3,}(?: 503: \d{1,2})?\z/, 'the API: there was load');
like(statuses(@meanwhile), qr/\A503: \d+\z/, 'told to try again while the database hangs');
is(scalar(grep { !$_->{more}[2] } @meanwhile), 0, 'each refusal says when to try again');
cmp_ok(longest(grep { $_->{began} < $goes_on } @answers), '<', 1 + $TIMEOUT + 4,
    'no request waits longer than the timeout and a margin');
cmp_ok(scalar @refused, '>', 20, 'requests are refused while the database hangs');
cmp_ok(middle(@refused), '<', 0.5, 'requests are refused at once while the database hangs');
ok($back && $back - $goes_on < 12,
    'requests are done within seconds after the database answers again') or diag($back - $goes_on);
like(statuses(grep { $_->{began} > $back + 2 } @answers), qr/\A200: \d+\z/, 'all requests are done after that');
is(join(' ', sort $server->children), join(' ', sort @children), 'the processes are the same as before');

my (%done, %tried);
for my $answer (@answers) {
    my ($id, $step) = @{ $answer->{more} };
    next unless $step % 2;
    $tried{$id} = $step;
    $done{$id} = $step if $answer->{status} == 200;
}
my %there = map { split /\|/ } split /\n/,
    $database->{sql}->("select id, first_name from um_users where first_name <> ''");
is(join(' ', grep { ($there{$_} || 0) < $done{$_} || ($there{$_} || 0) > $tried{$_} } sort keys %done), '',
    'every change that was acknowledged is there, and none that nobody asked for');

# ---- the log, and the worker ---------------------------------------------------------------------------------------

{
    my %lines;
    my $others = 0;
    for my $line (split /\n/, $server->log) {
        $others++ if $line =~ /AH006\d\d/;
        my ($second, $pid) = $line =~ /\A\[\w+ \w+ \d+ ([\d:]+)\.\d+ .*:(?:error|warn)\] \[pid (\d+)/ or next;
        $lines{"$pid $second"}++ if $line =~ /UM(?:301|401|502)/;
    }
    cmp_ok((sort { $b <=> $a } values %lines, 0)[0], '<=', 2, 'each process logs one line a second');
    cmp_ok($others, '<', 30, "mod_dbd logs few lines: $others");
}
my @to = add_accounts($database, 5, 'after');
all_fine([ask_each($server, @to)], 'mails are asked for');
ok(settle(sql => $database->{sql}, seconds => 60), 'the mail is sent');
is($server->crashes, '', 'no process of the server crashed');

api_done();
