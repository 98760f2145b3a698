#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Throttles over HTTP: every default, no way around them, and nobody is locked out by strangers. mod_remoteip plays many
# addresses.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use Time::HiRes ();
use UmApi;
use UmServer;
use UmTest ();

my $database = new_database();
my $lines = <<'END';
UserMgmtThrottleExempt 192.0.2.99 2001:db8:99::/48
UserMgmtMail "file:@MAILS@"
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location /basic>
    AuthType Basic
    AuthName here
    AuthBasicProvider usermgmt
    Require valid-user
</Location>
END
my $mails = UmTest::new_folder();
$lines =~ s/\@MAILS\@/$mails/;
my $server = UmServer->start($database, "LoadModule remoteip_module " . UmTest::module_file('remoteip') . "\n"
    . "LoadModule auth_basic_module " . UmTest::module_file('auth_basic') . "\n$lines", children => 2);
$UmApi::PORT = $server->{port};

my $PASSWORD = 'correct horse battery';
my $host = 0;

sub encode { return JSON::PP->new->utf8->canonical->encode($_[0]) }

# An address that nobody has used.
sub stranger { $host++; return sprintf '198.51.%d.%d', 100 + $host / 200, 1 + $host % 200 }

sub from { my ($address, @with) = @_; return (@with, headers => ["X-Client: $address"], any => 1) }

sub sign_in {
    my ($address, $name, $password, %with) = @_;
    my $path = delete $with{path} || $TOKEN;
    return call(POST => $path, from($address, json => encode({ username => $name, password => $password, %with })));
}

sub new_account {
    my ($name) = @_;
    my $r = call(POST => $USERS, from(stranger(), json => encode({ username => $name, password => $PASSWORD })));
    is($r->{status}, 201, "$name is registered") or diag($r->{body});
    return json_of($r);
}

# How many of so many calls are answered with each status: "400 x5, 429 x3".
sub counted {
    my ($times, $call) = @_;
    my %count;
    $count{ $call->($_)->{status} }++ for 1 .. $times;
    return join ', ', map { "$_ x$count{$_}" } sort keys %count;
}

sub failing { my ($address, $name) = @_; return sub { sign_in($address, $name, "wrong $_[0]") } }

new_account($_) for qw(alice berta);

# ---- name and address ----
my $here = stranger();
is(counted(8, failing($here, 'alice')), '400 x5, 429 x3', 'five failures for a name and address are free');
my $r = sign_in($here, 'alice', 'wrong');
like($r->{body}, qr/\A\{"detail":"Request was throttled\. Expected available in 1 second\."\}\z/, 'the text of the contract');
is($r->{head}{'retry-after'}[0], 1, 'Retry-After');
is(sign_in($here, 'alice', $PASSWORD)->{status}, 429, 'the right password is refused alike');
$r = call(POST => $TOKEN, any => 1, json => encode({ username => 'alice', password => 'x' }),
    headers => ["X-Client: $here", 'Accept: application/problem+json']);
is(json_of($r)->{code}, 'throttled', 'problem details have the code');
is(sign_in($here, 'berta', $PASSWORD)->{status}, 200, 'another account is free from there');
is(sign_in(stranger(), 'alice', $PASSWORD)->{status}, 200, 'and the account from another address');
is(sign_in($here, $_, 'wrong')->{status}, 429, "no other spelling helps: " . length $_)
    for 'ALICE', "\x{ff21}lice", "\x{ff41}\x{ff4c}\x{ff49}\x{ff43}\x{ff45}";
is(sign_in($here, 'alice', 'wrong', path => '/api-token-auth')->{status}, 429, 'nor another spelling of the URL');
is(sign_in($here, 'alice', 'wrong', more => 'x')->{status}, 429, 'nor further members');
is(call(POST => $TOKEN, any => 1, json => encode({ username => 'alice', password => 'x' }),
    headers => ["X-Client: $here", 'X-Forwarded-For: 203.0.113.7'])->{status}, 429, 'nor X-Forwarded-For');
is(counted(8, failing($here, 'nobody')), '400 x5, 429 x3', 'a name that nobody has counts alike');
sleep 1.2;
is(sign_in($here, 'alice', $PASSWORD)->{status}, 200, 'after the wait the right password is taken');
is(counted(7, failing($here, 'alice')), '400 x5, 429 x2', 'a success ends the count');

# ---- Basic ----
$here = stranger();
my $basic = sub {
    my ($password) = @_;
    return call(GET => '/basic/', any => 1, headers => ["X-Client: $here",
        'Authorization: Basic ' . MIME::Base64::encode_base64("berta:$password", '')]);
};
is(counted(8, sub { $basic->("wrong $_[0]") }), '401 x5, 429 x3', 'AuthType Basic gets 429, too');
$r = $basic->($PASSWORD);
is($r->{status}, 429, 'also for the right password');
ok(!$r->{head}{'www-authenticate'}, 'without a challenge');
is($r->{head}{'retry-after'}[0], 1, 'with Retry-After');

# ---- old password ----
my $carol = new_account('carol');
$here = stranger();
my $change = sub {
    return call(POST => "$USERS$carol->{id}/", from($here, token => $carol->{auth_token},
        json => encode({ old_password => "wrong $_[0]", new_password => 'another horse battery' })));
};
is(counted(8, $change), '400 x5, 429 x3', 'guesses of the old password count');

# ---- address ----
$here = stranger();
is(counted(40, sub { sign_in($here, "user$_[0]", 'wrong') }), '400 x30, 429 x10', '30 failures of an address');
my $v6 = '2001:db8:1:1::';
is(counted(40, sub { sign_in("$v6$_[0]", "user$_[0]", 'wrong') }), '400 x30, 429 x10', 'a /64 is one address');
is(sign_in('2001:db8:1:2::1', 'user', 'wrong')->{status}, 400, 'another /64 is another');
is(sign_in("::ffff:$here", 'someone', 'wrong')->{status}, 429, 'an IPv4 address mapped into IPv6 is an IPv4 address');
is(counted(40, sub { sign_in($_[0] % 2 ? '192.0.2.99' : '2001:db8:99::1', "user$_[0]", 'wrong') }), '400 x40',
    'who is exempt meets no throttle');
like(counted(400, sub { sign_in("2001:db8:2:$_[0]::1", "user$_[0]", 'wrong') }), qr/\A400 x3\d\d, 429 x/,
    'a /48 has ten times the allowance');

# ---- account ----
my $home = stranger();
new_account('dora');
is(sign_in($home, 'dora', $PASSWORD)->{status}, 200, 'the owner signs in at home');
is(counted(52, sub { sign_in(stranger(), 'dora', 'wrong') }), '400 x50, 429 x2', '50 failures of a name');
{
    # Asking for the sessions of an account takes longer the more it has; all refusals after it take this time.
    my $began = Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC());
    is(sign_in(stranger(), 'dora', $PASSWORD)->{status}, 429, 'then nobody signs in from elsewhere');
    cmp_ok(Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) - $began, '>=', 0.01,
        'the time of the refusal does not tell whether there is such an account');
}
is(sign_in($home, 'dora', $PASSWORD)->{status}, 200, 'but the owner does at home');

# ---- registration, mails, one-time tokens ----
$here = stranger();
is(counted(22, sub { call(POST => $USERS, from($here, json => encode({ username => 'alice', password => 'x' }))) }),
    '400 x20, 429 x2', '20 registrations');
$here = stranger();
is(counted(22, sub { call(POST => '/api/password_reset/', from($here, json => encode({ email => "u$_[0]\@x.example" }))) }),
    '200 x20, 429 x2', '20 requests for mails');
is(counted(6, sub { call(POST => '/api/password_reset/', from(stranger(), json => '{"email":"Same@X.example"}')) }),
    '200 x6', 'six requests for one address are answered alike');
is(counted(32, sub { call(POST => '/api/password_reset/validate_token/', from($here, json => '{"token":"x"}')) }),
    '404 x30, 429 x2', '30 one-time tokens');

# ---- at the same instant ----
new_account('emil');
$here = stranger();
my $bytes = request_text(POST => $TOKEN, json => encode({ username => 'emil', password => 'wrong' }),
    headers => ["X-Client: $here"]);
my @sockets = map { connection() } 1 .. 60;
print $_ $bytes for @sockets;
my %status;
$status{ exchange('', socket => $_) =~ m{\AHTTP/1\.1 (\d+)} ? $1 : 'none' }++ for @sockets;
is($status{400}, 5, '60 guesses at the same instant get no more than five answers') or diag(explain(\%status));

# ---- restart ----
$server->graceful;
is(sign_in(stranger(), 'dora', $PASSWORD)->{status}, 429, 'a graceful restart keeps the counts');
kill 'KILL', $_ for $server->children;
UmServer::await(20, sub { eval { sign_in($here, 'emil', 'wrong')->{status} } || 0 });
is(sign_in(stranger(), 'emil', $PASSWORD)->{status}, 200, 'after all children were killed it goes on');
is(sign_in(stranger(), 'dora', $PASSWORD)->{status}, 429, 'with the counts');

# ---- the command ----
my $cli = sub { return (UmTest::run(UmTest::cli(), 'throttle', $_[0], "$server->{folder}/logs/httpd.pid", @_[1 .. $#_]))[1] };
like($cli->('list'), qr/^sign-in account, refused \d+ times, last \d+ s ago, allowed in \d+ s: dora$/m, 'the command lists who was refused');
like($cli->('clear', 'DORA'), qr/^cleared [1-9]/, 'and clears a name');
is(sign_in(stranger(), 'dora', $PASSWORD)->{status}, 200, 'then the account is free again');

cmp_ok(() = $server->log =~ /UM304: throttled: client \S+, too many tries: sign-in, by account/g, '>=', 1, 'a line tells');
api_done();
