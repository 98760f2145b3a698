#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the throttles cost and survive: many tries at the same moment, no statement and no hash for a refusal, the queue of
# hashes, restarts and killed children.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Test::More;
use UmApi;
use UmCase;
use UmServer;
use UmThrottle;

my $database = new_database();
my ($name) = $database->{params} =~ /dbname=(\w+)/;
my $is_pgsql = $database->{driver} eq 'pgsql';
$database->{sql}->("alter database $name set log_statement = 'all'") if $is_pgsql;
my $log = UmTest::pg_log();
my $server = throttled_server(basic_location(), database => $database, threads => 32);

# How many statements that match the function makes PostgreSQL execute. A connection prepares a statement when it needs
# it for the first time.
sub statements {
    my ($pattern, $function) = @_;
    my $mark = UmTest::mark($log);
    $function->();
    return scalar grep { /LOG:  (?:execute|statement: (?!PREPARE))/ && $_ =~ $pattern } split /\n/, UmTest::since($mark);
}

my $ACCOUNTS = qr/\bum_(?:users|sessions)\b/;     # the worker asks for other tables
my $ADDRESSES = qr/select s\.address, s\.created_at/;

# Sends the sign-ins [address, name, password] at the same moment and returns the sockets.
sub send_all {
    my ($server, @tries) = @_;
    my @bytes = map { request_text(POST => $TOKEN, headers => ["X-Client: $_->[0]"],
        json => qq({"username":"$_->[1]","password":"$_->[2]"})) } @tries;
    my @sockets = map { connection($server->{port}) } @bytes;
    print { $sockets[$_] } $bytes[$_] for 0 .. $#bytes;
    return @sockets;
}

sub status_of { my ($socket) = @_; return exchange('', socket => $socket) =~ m{\AHTTP/1\.1 (\d+)} ? $1 : 'none' }

# How many wrong passwords are looked at: of those sent at the same moment, and of those after them until one is refused.
# A guess that finds no place in the queue of hashes (503) is not looked at, and not counted.
sub looked_at {
    my ($try) = @_;
    my %status;
    $status{ status_of($_) }++ for send_all($server, map { $try->($_) } 1 .. 60);
    is(join(' ', grep { !/\A(?:400|429|503)\z/ } sort keys %status), '', 'no other answer') or diag(explain(\%status));
    cmp_ok($status{400} || 0, '>', 0, 'some are looked at');
    for my $number (61 .. 200) {
        my $answer = sign_in(@{ $try->($number) });
        return $status{400} if $answer->{status} != 400;
        $status{400}++;
    }
    return $status{400};
}

case '60 guesses at the same moment get no more than those one after another' => sub {
    new_account('anna');
    my ($here, $there) = (stranger(), stranger());
    is(looked_at(sub { [$here, 'anna', "wrong $_[0]"] }), 5, 'five by name and address');
    is(looked_at(sub { [$there, "nobody$_[0]", 'wrong'] }), 30, '30 by address');
    is(looked_at(sub { [stranger(), 'anna', 'wrong'] }), 45, '50 by name');
};

case 'a refusal asks the database nothing' => sub {
    plan(skip_all => 'statements are counted by the log of PostgreSQL') if !$is_pgsql;
    new_account('bea');
    my $here = stranger();
    is(statements($ACCOUNTS, sub { sign_in($here, 'bea', 'wrong') }), 1, 'a wrong password is one statement');
    counted(5, failing($here, 'bea'));
    is(statements($ACCOUNTS, sub { sign_in($here, 'bea', $_ ? $PASSWORD : 'wrong') for 0 .. 1 }), 0, 'by name and address');
    is(statements($ACCOUNTS, sub { basic_from($here, 'bea', $_ ? $PASSWORD : 'wrong') for 0 .. 1 }), 0, 'Basic');
    my $there = stranger();
    counted(40, sub { sign_in($there, "nobody$_[0]", 'wrong') });
    is(statements($ACCOUNTS, sub { sign_in($there, 'bea', $PASSWORD) }), 0, 'by address');
};

case 'an owner is known by um_sessions, for which one statement an hour is asked' => sub {
    my ($home, $former, $other) = (stranger(), stranger(), stranger());
    new_account('cleo');
    sign_in($_, 'cleo', $PASSWORD)->{status} == 200 or die "no sign-in\n" for $home, $former;
    $database->{sql}->("update um_sessions set created_at = created_at - 31 * 86400 where address = '$former'");
    $server->stop;
    $server->launch;
    is(counted(52, sub { sign_in(stranger(), 'cleo', 'wrong') }), '400 x50, 429 x2', 'a restart forgets the counts');
    is(sign_in($home, 'cleo', $PASSWORD)->{status}, 200, 'the owner signs in at home');
    is(sign_in($former, 'cleo', $PASSWORD)->{status}, 429, 'not where they were 31 days ago');
    is(sign_in($other, 'cleo', $PASSWORD)->{status}, 429, 'nor elsewhere');
    return if !$is_pgsql;
    my $new = stranger();
    my $asks = sub { my ($there) = @_; return statements($ADDRESSES, sub { sign_in($there, 'cleo', 'wrong') }) };
    is(join(' ', map { $asks->($_) } $home, $former, $other), '0 0 0', 'the answers are remembered');
    is(join(' ', $asks->($new), $asks->($new)), '1 0', 'another address is asked for once');
    forward(3599);
    is($asks->($new), 0, 'a no for an hour');
    forward(1);
    counted(52, sub { sign_in(stranger(), 'cleo', 'wrong') });
    is(join(' ', $asks->($home), $asks->($new)), '0 1', 'and a yes longer');
};

case 'one address has half of the places in the queue of hashes at most' => sub {
    my $slow = throttled_server(<<'END', database => new_database(), children => 1, threads => 32);
UserMgmtPasswordHash "scrypt ln=15 r=8 p=1"
UserMgmtHashConcurrency 1
UserMgmtHashQueue 4
UserMgmtHashWait 60
END
    my ($greedy, $other) = (stranger(), stranger());
    my @sockets = send_all($slow, map { [$greedy, "nobody$_", 'wrong'] } 1 .. 10);
    # Those that find no place are answered before any hash has been made.
    my ($select, %status) = IO::Select->new(@sockets);
    while (!$status{503} && $select->count) {
        my ($socket) = $select->can_read(60) or last;
        $select->remove($socket);
        $status{ status_of($socket) }++;
    }
    my ($late) = send_all($slow, [$other, 'somebody', 'wrong']);
    is(status_of($late), 400, 'another address gets a place meanwhile');
    $status{ status_of($_) }++ for $select->handles;
    cmp_ok($status{503}, '>=', 6, 'of ten of one address one is hashed and two wait') or diag(explain(\%status));
    $slow->stop;
    $UmApi::PORT = $server->{port};
};

case 'restarts and deaths of children keep the counts' => sub {
    new_account('dora');
    my $here = stranger();
    counted(52, sub { sign_in(stranger(), 'dora', 'wrong') });
    counted(5, failing($here, 'somebody'));
    my $refused = sub { join ' ', map { sign_in(@$_)->{status} } [stranger(), 'dora', $PASSWORD], [$here, 'somebody', 'wrong'] };
    is($refused->(), '429 429', 'both are refused');
    $server->graceful;
    is($refused->(), '429 429', 'also after a graceful restart');
    my %before = map { $_ => 1 } $server->children;
    kill 'KILL', keys %before;
    ok(UmServer::await(30, sub { eval { $refused->() } && grep { !$before{$_} } $server->children }), 'new children');
    is($refused->(), '429 429', 'and after all children were killed');
    like(cli_throttle($server, 'clear', 'dora'), qr/^cleared [1-9]/, 'the command still reaches the counts');
    is(sign_in(stranger(), 'dora', $PASSWORD)->{status}, 200, 'and the account is free');
};

api_done();
