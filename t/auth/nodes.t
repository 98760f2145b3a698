#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two nodes share a PostgreSQL: how soon a change of an account on one node takes effect at the protected pages of both,
# what they do while the database is unreachable, and that restarts and killed children cause no wrong answer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path ();
use IO::Select;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmServer;

plan(skip_all => 'SQLite is for one node') if UmTest::database() ne 'pgsql';

my ($DELAY, $GRACE) = (2, 3);
my $CROWD = 24;         # more than a node has threads in one child: all its processes answer

# ---- the nodes: hosts with the default delay and with none, and both with UserMgmtDatabaseGrace ----------------------

my $folder = UmTest::new_folder();
File::Path::make_path("$folder/keys", "$folder/pages/private", { mode => 0700 });
UmTest::new_key("$folder/keys/one.pem");
UmTest::spew("$folder/pages/private/hello.txt", 'hello');

sub node {
    my ($database) = @_;
    my %port = map { $_ => free_port() } qw(none grace none_grace);
    my @hosts = (
        [none => 'UserMgmtRevocationDelay 0'],
        [grace => "UserMgmtDatabaseGrace ${GRACE}s"],
        [none_grace => 'UserMgmtRevocationDelay 0', "UserMgmtDatabaseGrace ${GRACE}s"],
    );
    my $lines = join "\n", "UserMgmtSigningKey $folder/keys", "UserMgmtRevocationDelay ${DELAY}s",
        "DocumentRoot $folder/pages", '<Location /private/>', 'AuthType Bearer', 'AuthName private',
        'Require valid-user', '</Location>', map { my ($name, @settings) = @$_;
            ("Listen 127.0.0.1:$port{$name}", "<VirtualHost 127.0.0.1:$port{$name}>", @settings, '</VirtualHost>')
        } @hosts;
    my $node = UmServer->start($database, $lines, children => 3);
    $node->{ports} = { usual => $node->{port}, %port };
    return $node;
}

my $database = new_database();
my ($here, $there) = map { node($database) } 1, 2;

sub person {
    my $name = new_name();
    my $body = '{"username":' . json_text($name) . ',"password":' . json_text(good_password()) . '}';
    my $made = json_of(call(POST => $USERS, json => $body, port => $here->{port}));
    return { name => $name, path => "$USERS$made->{id}/", token => $made->{auth_token} };
}

# Opens another session and returns its token.
sub sign_in {
    my ($person) = @_;
    my $body = '{"username":' . json_text($person->{name}) . ',"password":' . json_text(good_password()) . '}';
    return json_of(call(POST => $TOKEN, json => $body, port => $here->{port}))->{token};
}

sub usermgmt {
    my ($status, $output) = UmTest::run(UmTest::cli(), '--driver', 'pgsql', '--params', $database->{params}, @_);
    die "usermgmt @_: $output\n" if $status;
    return;
}

# ---- requests --------------------------------------------------------------------------------------------------------

sub request {
    my ($token) = @_;
    return request_text(GET => '/private/hello.txt', token => $token);
}

# The status of one request. 0: the connection was refused or broken.
sub status {
    my ($port, $token) = @_;
    my $socket = eval { connection($port) } or return 0;
    my $answer = answers(exchange(request($token), socket => $socket, answers => 1))->[0];
    return $answer ? $answer->{status} : 0;
}

# Sends many requests before the first is answered, and returns the different statuses. On a busy machine the connections
# to the database may all be in use for a second. Then all are sent again, as clients do that get 503.
sub crowd {
    my ($port, $token) = @_;
    my %seen;
    for my $round (1 .. 5) {
        my @sockets = map { connection($port) } 1 .. $CROWD;
        syswrite($_, request($token)) for @sockets;
        for my $socket (@sockets) {
            my $answer = answers(exchange('', socket => $socket, answers => 1))->[0];
            $seen{ $answer ? $answer->{status} : 0 }++;
        }
        last if $round == 5 || !delete $seen{503};
        sleep 1;
    }
    return join ' ', sort keys %seen;
}

# Starts processes that repeat each of the requests, [name, port, token].
sub watch {
    my ($seconds, @questions) = @_;
    my @watchers;
    for my $number (1 .. 3) {
        my $child = open my $out, '-|';
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            $| = 1;
            my $end = time + $seconds;
            while (time < $end) {
                for my $question (@questions) {
                    my ($name, $port, $token) = @$question;
                    my $began = time;
                    my $status = status($port, $token);
                    printf "%s %.4f %d %.4f\n", $name, $began, $status, time - $began;
                }
                sleep 0.01;
            }
            close STDOUT;
            POSIX::_exit(0);
        }
        push @watchers, $out;
    }
    return \@watchers;
}

# The results of these processes: name => [[time of the request, status, seconds it took], ...] in the order of time.
sub seen {
    my ($watchers) = @_;
    my %seen;
    for my $out (@$watchers) {
        while (my $line = <$out>) {
            my ($name, @answer) = split ' ', $line;
            push @{ $seen{$name} }, \@answer;
        }
        close $out;
    }
    @$_ = sort { $a->[0] <=> $b->[0] } @$_ for values %seen;
    return \%seen;
}

# When the last and the first request with that status were sent, in seconds after that time.
sub last_of {
    my ($answers, $status, $since) = @_;
    my @such = grep { $_->[1] == $status } @$answers;
    return @such ? $such[-1][0] - $since : -1e9;
}

sub first_of {
    my ($answers, $status, $since) = @_;
    my @such = grep { $_->[1] == $status } @$answers;
    return @such ? $such[0][0] - $since : 1e9;
}

sub slowest {
    my ($answers) = @_;
    return (sort { $b <=> $a } map { $_->[2] } @$answers)[0];
}

sub others {
    my ($answers, @expected) = @_;
    my %expected = map { $_ => 1 } @expected;
    my %other;
    $other{ $_->[1] }++ for grep { !$expected{ $_->[1] } } @$answers;
    return join ', ', map { "$other{$_} x $_" } sort keys %other;
}

# ---- changes on one node, seen on both -------------------------------------------------------------------------------

{
    my $json = '{"old_password":' . json_text(good_password()) . ',"new_password":"Red-House?38"}';
    my @events = (
        [logout => sub { call(POST => '/api-token-revoke/', token => $_[0]{second}, port => $here->{port});
            return call(POST => '/api-token-revoke/', token => $_[0]{token}, port => $here->{port}) }],
        [password => sub { call(POST => $_[0]{path}, json => $json, token => $_[0]{token}, port => $here->{port}) }],
        [delete => sub { call(DELETE => $_[0]{path}, token => $_[0]{token}, port => $here->{port}) }],
        # The command line counts as another node: it does not share the memory of an httpd.
        [disable => sub { usermgmt('user', 'active', $_[0]{name}, 'off'); return { status => 200 } }],
    );
    my (%person, %at, %now);
    for my $event (@events) {
        my $person = $person{ $event->[0] } = person();
        # A second session for the host without delay: what that host finds out, its node has in its cache for all hosts.
        $person->{second} = sign_in($person);
    }
    is(join(' ', map { crowd($_->{port}, $person{logout}{token}) } $here, $there), '200 200',
        'both nodes accept a token');
    # The changes are made just after the tokens were cached again: then they take longest to be seen.
    my $watchers = watch($DELAY + 0.1 + @events * 1.5 + $DELAY + 1, map { ["$_-there", $there->{port}, $person{$_}{token}],
        ["$_-here", $here->{port}, $person{$_}{token}] } sort keys %person);
    sleep $DELAY + 0.1;
    for my $event (@events) {
        my ($what, $do) = @$event;
        like($do->($person{$what})->{status}, qr/\A20[04]\z/, $what);
        $at{$what} = time;
        $now{$what} = crowd($there->{ports}{none}, $person{$what}{second});
        is(crowd($here->{port}, $person{$what}{token}), 401,
            "$what: takes effect at once in all processes of this node")
            unless $what eq 'disable';
        is($now{$what}, 401, "$what: takes effect at once on the other node with UserMgmtRevocationDelay 0");
    }
    my $seen = seen($watchers);
    for my $what (sort keys %at) {
        for my $where ($what eq 'disable' ? qw(here there) : 'there') {
            my $answers = $seen->{"$what-$where"};
            my $late = last_of($answers, 200, $at{$what});
            note(sprintf '%s: the last good answer %s was to a request %.2f s after it; %d requests', $what,
                $where, $late, scalar @$answers);
            cmp_ok($late, '<=', $DELAY, "$what: takes effect $where within UserMgmtRevocationDelay");
            is(others($answers, 200, 401), '', "$what: all answers $where are 200 or 401");
            cmp_ok(last_of($answers, 401, $at{$what}), '>', $DELAY, "$what: requests were sent for long enough");
        }
        next if $what eq 'disable';
        cmp_ok(last_of($seen->{"$what-here"}, 200, $at{$what}), '<=', 0,
            "$what: no later request on this node is let in");
    }
}

# ---- restarts and killed children ------------------------------------------------------------------------------------

{
    my $good = person();
    my $bad = { %$good, token => sign_in($good) };
    crowd($here->{port}, $bad->{token});
    call(POST => '/api-token-revoke/', token => $bad->{token}, port => $here->{port});
    my $watchers = watch(4, [good => $here->{port}, $good->{token}], [bad => $here->{port}, $bad->{token}]);
    my @wrong;
    for my $what (('graceful', 'kill') x 2) {
        my $token = sign_in($good);
        push @wrong, "a new session is refused before $what" if crowd($here->{port}, $token) ne '200';
        call(POST => '/api-token-revoke/', token => $token, port => $here->{port});
        if ($what eq 'graceful') {
            $here->graceful;
        }
        else {
            kill KILL => $here->children;
        }
        sleep 0.2;
        my $answer = await(20, sub { status($here->{port}, $token) });
        push @wrong, "a session that is over is answered $answer after $what" if $answer != 401;
    }
    is(join('; ', @wrong), '', 'sessions that end just before a restart or the death of all children stay ended');
    my $seen = seen($watchers);
    note(scalar(@{ $seen->{good} }) . ' requests with a good token, ' . scalar(@{ $seen->{bad} }) . ' with a bad one');
    cmp_ok(scalar(@{ $seen->{$_} }), '>', 50, "many requests with a $_ token") for qw(good bad);
    # 0: the connection was broken, because its child was killed.
    is(others($seen->{good}, 200, 0), '', 'a valid token is never refused');
    is(others($seen->{bad}, 401, 0), '', 'a bad token is never accepted');
    cmp_ok(scalar(grep { $_->[1] == 200 } @{ $seen->{good} }), '>', 50, 'more than 50 requests are answered 200');
}

# ---- without a database ----------------------------------------------------------------------------------------------

{
    my $known = person();
    my @hosts = sort keys %{ $there->{ports} };
    my %token = map { $_ => sign_in($known) } @hosts;
    my ($unknown, $over) = map { sign_in($known) } 1, 2;
    crowd($there->{port}, $over);
    call(POST => '/api-token-revoke/', token => $over, port => $there->{port});
    is(crowd($there->{port}, $over), 401, 'a session has ended');
    my (%from, %to);
    for my $host (@hosts) {
        $from{$host} = time;
        is(crowd($there->{ports}{$host}, $token{$host}), 200, "$host: a session is cached");
        $to{$host} = time;
    }
    UmTest::pg_ctl('stop', '-m', 'fast');
    my $watchers = watch($DELAY + $GRACE + 1.5, (map { [$_, $there->{ports}{$_}, $token{$_}] } @hosts),
        (map { ["$_-unknown", $there->{ports}{$_}, $unknown], ["$_-over", $there->{ports}{$_}, $over],
            ["$_-garbled", $there->{ports}{$_}, 'a.b.c'] } 'usual', 'grace'));
    my $seen = seen($watchers);
    my %until = (usual => $DELAY, none => 0, grace => $DELAY + $GRACE, none_grace => $GRACE);
    for my $host (@hosts) {
        my ($last, $first) = (last_of($seen->{$host}, 200, $to{$host}), first_of($seen->{$host}, 503, $from{$host}));
        note(sprintf '%s: let in for %.2f s, refused from %.2f s on', $host, $last > 0 ? $last : 0, $first);
        cmp_ok($last, '<=', $until{$host}, "$host: a cached caller is let in for $until{$host} s at most");
        cmp_ok($first, '>=', $until{$host}, "$host: and not for a shorter time");
        cmp_ok(last_of($seen->{$host}, 503, $to{$host}), '>', $until{$host}, "$host: then answered 503");
        is(others($seen->{$host}, 200, 503), '', "$host: there is no other status");
    }
    note(sprintf 'the slowest answer took %.2f s: %s', @$_) for (sort { $b->[0] <=> $a->[0] }
        map { [slowest($seen->{$_}), $_] } keys %$seen)[0 .. 3];
    for my $host ('usual', 'grace') {
        is(others($seen->{"$host-unknown"}, 503), '', "$host: a caller that is not cached is answered 503");
        is(others($seen->{"$host-over"}, 401, 503), '', "$host: a session that has ended is never let in");
        is(others($seen->{"$host-garbled"}, 401), '', "$host: a malformed token is refused as usual");
    }
    UmTest::pg_ctl('start');
    ok(await(20, sub { status($there->{port}, $unknown) == 200 }),
        'the database is reachable again: requests are answered');
    # Each host notices it by itself, after a pause that grows to some seconds.
    ok(await(20, sub { status($there->{ports}{$_}, $token{$_}) == 200 }),
        "$_: for a session that was known") for @hosts;
    is(await(20, sub { my $status = status($there->{port}, $over); $status == 503 ? 0 : $status }), 401,
        'a session that had ended is not accepted after the outage');
}

is(join('', map { $_->crashes } $here, $there), '', 'no process of the server crashed');
api_done();
