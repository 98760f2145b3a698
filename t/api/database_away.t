#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The database goes away and comes back while httpd runs: 503 meanwhile, no restart of httpd, nothing acknowledged is
# lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmServer ();

plan(skip_all => 'SQLite does not go away') if UmTest::database() ne 'pgsql';

my $me = register();
my @mine = (token => $me->{token});
my $AWAY = detail('busy');
my $log = UmServer->shared->mark;

# Every request that needs the database.
my @needing = (
    ['register', POST => $USERS, json => '{"username":"NAME","password":"' . good_password() . '"}'],
    ['sign in', POST => $TOKEN, json => qq({"username":"$me->{username}","password":"$me->{password}"})],
    ['sign in as nobody', POST => $TOKEN, json => '{"username":"nobody","password":"x"}'],
    ['read', GET => $me->{path}, @mine], ['read another', GET => "${USERS}0f0e0d0c-0b0a-4908-8706-050403020100/",
        @mine],
    ['change', PATCH => $me->{path}, @mine, json => '{"first_name":"Ann"}'],
        ['change badly', PATCH => $me->{path}, @mine, json => '{"email":"x"}'],
    ['delete', DELETE => $me->{path}, @mine],
    ['new password', POST => $me->{path}, @mine,
        json => qq({"old_password":"$me->{password}","new_password":"Red-House?38"})],
);
# And those that do not, or whose fault is plain without it.
my @needless = (
    ['no token', 401, detail('no_token'), GET => $me->{path}], ['bad token', 401, detail('bad_token'),
        GET => $me->{path}, token => 'x.y.z'],
    ['wrong method', 405, detail('Method "PUT" not allowed.'), PUT => $USERS],
        ['OPTIONS', 200, qr/\{.*\}/, OPTIONS => $USERS],
    ['no JSON', 400, qr/\{"detail":"JSON parse error.*/, POST => $TOKEN, json => '{'],
        ['missing members', 400, faults(username => 'required', password => 'required'), POST => $USERS, json => '{}'],
    ['406', 406, detail('Could not satisfy the request Accept header.'), GET => $me->{path}, @mine,
        headers => ['Accept: text/plain']],
);

my $SERVERS = "from pg_stat_activity where usename = 'usermgmt' and backend_type = 'client backend'"
    . ' and pid <> pg_backend_pid()';

sub close_all {
    return UmTest::sql("select count(pg_terminate_backend(pid)) $SERVERS");
}

# ---- connections that die are replaced without anybody noticing ------------------------------------------------------

# Each leaves dead connections in another state: after a farewell of the server, or after a mere warning.
my @losses = (
    ['closed by the database', \&close_all],
    ['after a fast restart', sub { UmTest::pg_ctl('restart', '-m', 'fast') }],
    ['after a crash', sub { UmTest::pg_ctl('restart', '-m', 'immediate') }],
);
for my $row (@losses) {
    my ($what, $lose) = @$row;
    my @reads = (request_text(GET => $me->{path}, @mine)) x 20;
    my $good = sub { scalar grep { $_->{status} == 200 } @_ };
    race(@reads);       # opens several connections
    $lose->();
    is($good->(map { call(GET => $me->{path}, @mine) } @reads), 20,
        "all connections $what: every read is answered 200");
    race(@reads);
    $lose->();
    is($good->(race(@reads)), 20, "all connections $what: many reads at once are answered 200");
    race(@reads);
    $lose->();
    my @names = map { new_name() } 1 .. 8;
    my @made = race(map { request_text(POST => $USERS, json => qq({"username":"$_","password":"$me->{password}"})) }
        @names);
    is(scalar(grep { $_->{status} == 201 } @made), 8, "all connections $what: registrations are answered 201");
    is(scalar(grep { login($_, $me->{password}) } @names), 8,
        "all connections $what: the registered accounts can sign in");
}

# ---- away -----------------------------------------------------------------------------------------------------------

UmTest::pg_ctl('stop', '-m', 'fast');
for my $round (1 .. 3) {
    for my $row (@needing) {
        my ($what, $method, $path, %with) = @$row;
        my $name = new_name();
        $with{json} =~ s/NAME/$name/ if $with{json};
        my $began = time;
        my $answer = call($method => $path, %with);
        answer_is($answer, 503, $AWAY, "while the database is away $what is answered 503");
        like(($answer->{head}{'retry-after'} || [''])->[0], qr/\A[1-9][0-9]*\z/, "$what: when to try again");
        cmp_ok(time - $began, '<', 10, "$what: answered soon");
    }
}
answer_is(call($_->[3] => @$_[4 .. $#$_]), $_->[1], $_->[2], "away, yet the same as ever: $_->[0]") for @needless;
{
    my $answer = call(GET => $me->{path}, @mine, headers => ['Accept: application/problem+json']);
    is_deeply([$answer->{status}, $answer->{head}{'content-type'}, (json_of($answer) || {})->{status}],
        [503, ['application/problem+json'], 503], 'away, as problem details');
}
{
    my $answer = call(GET => '/private/hello.txt', @mine, any => 1);
    is($answer->{status}, 503, 'a protected place is not open, and its token not called bad');
    unlike($answer->{body}, qr/signed in/, 'while the database is away a protected page is not shown');
    is(call(GET => '/private/hello.txt', any => 1)->{status}, 401,
        'while the database is away a request without a token is answered 401');
    is(call(GET => '/index.txt', any => 1)->{status}, 200, 'while the database is away an open page is served');
}
{
    my @answers = race((request_text(GET => $me->{path}, @mine)) x 20);
    is(scalar(grep { $_->{status} == 503 } @answers), 20, 'twenty at once are all told');
}

# ---- back -----------------------------------------------------------------------------------------------------------

UmTest::pg_ctl('start');
my $waited = 0;
while (call(GET => $me->{path}, @mine)->{status} != 200 && $waited < 15) {
    $waited += 0.25;
    sleep 0.25;
}
# A process that found it away asks again five seconds later at the latest, and refuses requests meanwhile.
cmp_ok($waited, '<', 8, 'the API answers within seconds after the database is back');
{
    my @answers;
    my $end = time + 10;
    do {
        @answers = race((request_text(GET => $me->{path}, @mine)) x 20);
    } while (time < $end && grep { $_->{status} != 200 } @answers);
    is(scalar(grep { $_->{status} == 200 } @answers), 20, 'all processes answer again after the database is back')
        or diag(join ' ', map { $_->{status} } @answers);
}
answer_is(call(GET => $me->{path}, @mine), 200, profile_of($me), 'no refused request was done');
ok(login($me->{username}, $me->{password}), 'the password is the same');
is(register()->{first_name}, '', 'registration works again');

# ---- restarts under load --------------------------------------------------------------------------------------------

# Each worker registers accounts, counts upwards in the first name of one of its own, and notes what was acknowledged.
sub work {
    my ($out, $until) = @_;
    my $mine;
    my $step = 0;
    while (time < $until) {
        my $name = new_name();
        my $answer = call(POST => $USERS, json => qq({"username":"$name","password":"$me->{password}"}), any => 1);
        $mine = json_of($answer) if $answer->{status} == 201 && !$mine;
        syswrite($out, "account $answer->{status} $name " . ($answer->{status} == 201 ? json_of($answer)->{id} : '-')
            . " $answer->{body}\n");
        next unless $mine;
        $step++;
        $answer = call(PATCH => "$USERS$mine->{id}/", token => $mine->{auth_token}, json => qq({"first_name":"$step"}),
            any => 1);
        syswrite($out, "step $answer->{status} $mine->{username} $step $answer->{body}\n");
        sleep 0.01;
    }
    return;
}

{
    my @readers;
    my $until = time + 9;
    for my $worker (1 .. 6) {
        pipe(my $out, my $in) or die "pipe: $!\n";
        my $child = fork;
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            close $out;
            eval { work($in, $until) };
            syswrite($in, "died 0 - - $@\n") if $@;
            require POSIX;
            POSIX::_exit(0);
        }
        close $in;
        push @readers, [$child, $out];
    }
    my $restarter = fork;
    die "fork: $!\n" unless defined $restarter;
    if (!$restarter) {
        sleep 1.5;
        eval { UmTest::pg_ctl('restart', '-m', 'fast') };
        sleep 2.5;
        eval { UmTest::pg_ctl('restart', '-m', 'immediate') };
        require POSIX;
        POSIX::_exit($@ ? 1 : 0);
    }
    my @lines;
    for (@readers) {
        my ($child, $out) = @$_;
        push @lines, <$out>;
        waitpid($child, 0);
    }
    waitpid($restarter, 0);
    is($?, 0, 'the database was restarted twice under load');

    my (%said, %account, %step, %tried);
    for my $line (@lines) {
        my ($kind, $status, $name, $detail, $body) = split / /, $line, 5;
        chomp $body;
        $said{"$kind $status" . ($status =~ /\A20/ ? '' : " $body")}++;
        $account{$name} = $detail if $kind eq 'account' && $status == 201;
        $step{$name} = $detail if $kind eq 'step' && $status == 200;
        $tried{$name} = $detail if $kind eq 'step';
    }
    my @odd = grep { !/\A(?:account 201|step 200|(?:account|step) 503 \Q$AWAY\E)\z/ } sort keys %said;
    is_deeply(\@odd, [], 'every request was answered: done, or told to try again')
        or diag(join "\n", map { "$said{$_} x $_" } @odd);
    my $busy = 0;
    $busy += $said{$_} || 0 for "account 503 $AWAY", "step 503 $AWAY";
    cmp_ok(scalar keys %account, '>', 20, 'there was load: ' . keys(%account)
        . " accounts, $busy times told to try again");

    sleep 3;
    my %there = map { split /\|/ } split /\n/, UmTest::sql('select username, id from um_users');
    is_deeply([grep { ($there{$_} || '') ne $account{$_} } sort keys %account], [],
        'every acknowledged registration is there');
    my @few = (sort keys %account)[0 .. 20];
    is(scalar(grep { login($_, $me->{password}) } grep { defined } @few), scalar(grep { defined } @few),
        'accounts of acknowledged registrations can sign in');
    my @lost;
    for my $name (sort keys %step) {
        my $now = UmTest::sql("select first_name from um_users where username = '$name'");
        push @lost, "$name: $now" if $now < $step{$name} || $now > $tried{$name};
    }
    is_deeply(\@lost, [], 'every acknowledged change is there');
    answer_is(call(GET => $me->{path}, @mine), 200, profile_of($me), 'old tokens are still good');
}

is(UmTest::sql("select count(*) $SERVERS and state like 'idle in transaction%'"), 0, 'no transaction was left open');
unlike(UmTest::since($log), qr/exit signal|Segmentation|Abort/i, 'no process of the server died');

api_done();
