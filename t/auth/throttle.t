#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Throttles of sign-ins over HTTP: every default, no way around them, and nobody is locked out by strangers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes ();
use UmApi;
use UmCase;
use UmServer;
use UmThrottle;

# The address 127.0.0.1 is as good as any other on the host that does not load what X-Client says.
my $bare_port = free_port();
my $server = throttled_server(<<"END");
UserMgmtThrottleExempt 192.0.2.99 2001:db8:99::/48
@{[ basic_location() ]}
Listen 127.0.0.1:$bare_port
<VirtualHost 127.0.0.1:$bare_port>
    UserMgmt On
    RemoteIPHeader X-Other
    RemoteIPTrustedProxy 203.0.113.1
</VirtualHost>
END

sub only_body { my ($r) = @_; return "$r->{status} $r->{body} " . join ' ', map { "$_=@{ $r->{head}{$_} }" }
    grep { !/\A(?:date|x-request-id)\z/ } sort keys %{ $r->{head} } }

case 'five failures of a name from an address are free, then the waits grow up to 15 minutes' => sub {
    new_account('alice');
    my $here = stranger();
    is(counted(8, failing($here, 'alice')), '400 x5, 429 x3', 'five are free');
    for my $wait (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900) {
        is(sign_in($here, 'alice', 'wrong')->{head}{'retry-after'}[0], $wait, "then $wait seconds");
        forward($wait - 0.01);
        is(sign_in($here, 'alice', 'wrong')->{status}, 429, 'and not less');
        forward(0.01);
        is(sign_in($here, 'alice', 'wrong')->{status}, 400, 'and not more');
    }
    is(sign_in(stranger(), 'alice', $PASSWORD)->{status}, 200, 'another address is free');
    forward(3600);
    is(counted(8, failing($here, 'alice')), '400 x5, 429 x3', 'after an hour of quiet five are free again');
};

case 'a refusal has the words of the contract, and a right password gets the same' => sub {
    new_account('berta');
    my $here = stranger();
    counted(5, failing($here, 'berta'));
    my $r = sign_in($here, 'berta', 'wrong');
    answer_is($r, 429, '{"detail":"Request was throttled. Expected available in 1 second."}', 'the text');
    is($r->{head}{'retry-after'}[0], 1, 'Retry-After');
    is(only_body(sign_in($here, 'berta', $PASSWORD)), only_body($r), 'a right password gets the same answer');
    $r = sign_in($here, 'berta', 'wrong', headers => ['Accept: application/problem+json']);
    is(json_of($r)->{code}, 'throttled', 'problem details have the code');
    forward(1);
    is(sign_in($here, 'berta', 'wrong')->{status}, 400, 'another failure');
    answer_is(sign_in($here, 'berta', 'wrong'), 429, detail('Request was throttled. Expected available in 2 seconds.'),
        'the text in the plural');
    forward(2);
    is(sign_in($here, 'berta', $PASSWORD)->{status}, 200, 'after the wait a right password is taken');
    is(counted(7, failing($here, 'berta')), '400 x5, 429 x2', 'and ends the count');
};

case 'no other spelling of name, URL or body is another count' => sub {
    new_account('carol');
    my $here = stranger();
    is(counted(7, failing($here, 'carol')), '400 x5, 429 x2', 'the usual spelling');
    my %name = ('upper case' => 'CAROL', 'full width' => "\x{ff23}arol", 'all full width' =>
        "\x{ff43}\x{ff41}\x{ff52}\x{ff4f}\x{ff4c}", 'a compatibility form' => "car\x{2092}l",
        'mathematical letters' => "\x{1d41c}arol", 'a circled letter' => "\x{24d2}arol");
    is(sign_in($here, $name{$_}, $PASSWORD)->{status}, 429, $_) for sort keys %name;
    is(sign_in($here, $_, $PASSWORD)->{status}, 429, 'spaces and what is not shown')
        for ' carol', 'carol ', "\x{a0}carol", "car\x{ad}ol", "carol\x{200b}";
    for my $path ('/api-token-auth', '/api-token-auth/?x=1', '/./api-token-auth/', '/x/../api-token-auth/',
            '/%61pi-token-auth/', '//api-token-auth/', '/api-token-auth//', '/api-token-auth/;x', '/API-TOKEN-AUTH/') {
        my $status = sign_in($here, 'carol', $PASSWORD, path => $path)->{status};
        ok($status == 429 || $status == 404, "$path") or diag($status);
    }
    is(sign_in($here, 'carol', $PASSWORD, more => { more => 'x', id => 7 })->{status}, 429, 'further members');
    is(call(POST => $TOKEN, from($here, form => "password=$PASSWORD&username=carol"))->{status}, 429, 'a form');
    is(sign_in($here, 'carol', $PASSWORD, headers => ["$_: 203.0.113.7"])->{status}, 429, $_)
        for 'X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'True-Client-IP';
    is(sign_in($here, 'carola', 'wrong')->{status}, 400, 'another name is free from there');
};

case 'headers that name a client count only where mod_remoteip reads them' => sub {
    my $claims = sub { sign_in("192.0.2.$_[0]", 'dave', 'wrong', port => $_[1],
        headers => ["X-Forwarded-For: 192.0.2.$_[0]"]) };
    is(counted(8, sub { $claims->($_[0], $bare_port) }), '400 x5, 429 x3', 'they change nothing elsewhere');
    is(counted(8, sub { $claims->($_[0], $server->{port}) }), '400 x8', 'and there each is a client of its own');
};

case 'AuthType Basic gets 429 without a challenge, and failures of all kinds of sign-in count together' => sub {
    new_account('erna');
    my $here = stranger();
    is(counted(8, sub { basic_from($here, 'erna', "wrong $_[0]") }), '401 x5, 429 x3', 'Basic');
    my $r = basic_from($here, 'erna', $PASSWORD);
    is($r->{status}, 429, 'also for the right password');
    ok(!$r->{head}{'www-authenticate'}, 'without a challenge');
    is($r->{head}{'retry-after'}[0], 1, 'with Retry-After');
    is(sign_in($here, 'erna', $PASSWORD)->{status}, 429, 'the API counts with it');
    my $there = stranger();
    is(basic_from($there, 'erna', $PASSWORD)->{status}, 404, 'a right password passes');
    is(counted(5, failing($there, 'erna')), '400 x5', 'failures elsewhere');
    is(basic_from($there, 'erna', $PASSWORD)->{status}, 429, 'refuse also a password that is remembered');
};

case 'what no account can have counts for the address' => sub {
    new_account('edgar');
    for my $try (['edgar', ''], ["\xff", 'x'], ['edgar', 'x' x 2000]) {
        my $here = stranger();
        is(counted(32, sub { basic_from($here, @$try) }), '401 x30, 429 x2', 'Basic, as a wrong password does');
        is(basic_from($here, 'edgar', $PASSWORD)->{status}, 429, 'the right one is refused then');
    }
    my $here = stranger();
    counted(40, sub { sign_in($here, "nobody$_[0]", 'wrong') });
    is(basic_from($here, @$_)->{status}, 429, 'a throttled address gets 429 for it') for ['edgar', ''], ["\xff", 'x'];
    my $there = stranger();
    counted(6, failing($there, 'edgar'));
    is(basic_from($there, 'edgar', '')->{status}, 429, 'so does a throttled name');
    my $long = stranger();
    is(counted(32, sub { sign_in($long, "anybody$_[0]", 'x' x 20_000) }), '400 x30, 429 x2', 'a password that is too long');
};

case 'guesses of the old password count' => sub {
    my $fritz = new_account('fritz');
    my $here = stranger();
    my $change = sub { post_from($here, "$USERS$fritz->{id}/", { old_password => $_[0],
        new_password => 'another horse battery' }, token => $fritz->{auth_token}) };
    is(counted(8, sub { $change->("wrong $_[0]") }), '400 x5, 429 x3', 'five are free');
    is($change->($PASSWORD)->{status}, 429, 'the right one is refused');
    forward(1);
    is($change->($PASSWORD)->{status}, 200, 'and taken after the wait');
};

case 'a client has 30 failures and then 20 a minute, IPv6 by /64 and by /48' => sub {
    my $here = stranger();
    is(counted(40, sub { sign_in($here, "user$_[0]", 'wrong') }), '400 x30, 429 x10', '30 at once');
    forward(60);
    is(counted(22, sub { sign_in($here, "more$_[0]", 'wrong') }), '400 x20, 429 x2', '20 in a minute');
    is(sign_in("::ffff:$here", 'someone', 'wrong')->{status}, 429, 'mapped into IPv6 it is the same address');
    is(counted(40, sub { sign_in("2001:db8:1:1::$_[0]", "user$_[0]", 'wrong') }), '400 x30, 429 x10', 'a /64');
    is(sign_in('2001:db8:1:2::1', 'user', 'wrong')->{status}, 400, 'another /64');
    is(counted(312, sub { sign_in("2001:db8:2:$_[0]::1", "user$_[0]", 'wrong') }), '400 x300, 429 x12', 'a /48');
    is(counted(40, sub { sign_in($_[0] % 2 ? '192.0.2.99' : '2001:db8:99:7::1', "user$_[0]", 'wrong') }), '400 x40',
        'who is exempt meets no throttle');
    is(counted(7, failing('192.0.2.98', 'gina')), '400 x5, 429 x2', 'the neighbour does');
    is(counted(7, failing('192.0.2.99', 'gina')), '400 x7', 'also by name');
};

case 'strangers cannot lock an account: the address of its owner is exempt from its limit' => sub {
    my $home = stranger();
    new_account('hanna');
    is(sign_in($home, 'hanna', $PASSWORD)->{status}, 200, 'the owner signs in at home');
    is(counted(52, sub { sign_in(stranger(), 'hanna', 'wrong') }), '400 x50, 429 x2', '50 failures of a name');
    is(sign_in(stranger(), 'hanna', $PASSWORD)->{head}{'retry-after'}[0], 180, 'then nobody signs in from elsewhere');
    # Asking for the sessions of an account takes longer the more it has; all refusals after it take this time.
    my $began = Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC());
    is(sign_in(stranger(), 'hanna', $PASSWORD)->{status}, 429, 'nor from anywhere else');
    cmp_ok(Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) - $began, '>=', 0.01,
        'the time of the refusal does not tell whether there is such an account');
    is(sign_in($home, 'hanna', $PASSWORD)->{status}, 200, 'but the owner does at home');
    is(counted(6, failing($home, 'hanna')), '400 x5, 429 x1', 'where guesses meet the limit of name and address');
    forward(3600);
    is(counted(22, sub { sign_in(stranger(), 'hanna', 'wrong') }), '400 x20, 429 x2', 'then 20 an hour');
    my $list = cli_throttle($server, 'list');
    like($list, qr/^sign-in account, refused \d+ times, last 0 s ago, allowed in 180 s: hanna$/m, 'the command lists it');
    is(cli_throttle($server, 'clear', 'nobody.has.tried'), "cleared 0 counts\n", 'a name that nobody has tried has no count');
    like(cli_throttle($server, 'clear', 'HANNA'), qr/^cleared [1-9]/, 'and clears a name');
    is(sign_in(stranger(), 'hanna', $PASSWORD)->{status}, 200, 'then the account is free again');
};

case 'a line in the log tells' => sub {
    counted(6, failing(stranger(), 'ida'));
    cmp_ok(() = $server->log =~ /UM304: throttled: client \S+, too many tries: sign-in, by account and address/g, '>=', 1,
        'UM304');
};

api_done();
