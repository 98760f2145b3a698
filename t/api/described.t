#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every error that docs/openapi.yaml describes is met at every endpoint: each is asked for each of its statuses, and the
# answers are held against the document. t/end.t does the same for what all suites have met.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA 'sha256_base64';
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use UmApi;
use UmServer;
use UmTest ();

# A network namespace in which this machine has an address that is not a loopback address, for UserMgmtRequireTLS.
my ($FAR, $INSIDE) = ('10.99.0.1', 'UM_TEST_NAMESPACE');
if (!$ENV{$INSIDE}) {
    my ($status, $output) = UmTest::run(qw(unshare --user --map-root-user --net ip link set lo up));
    plan skip_all => "no network namespace can be made here: $output" if $status;
    $ENV{$INSIDE} = 1;
    exec qw(unshare --user --map-root-user --net --), $^X, $0 or die "unshare: $!\n";
}
for my $command ([qw(link set lo up)], [qw(addr add), "$FAR/32", qw(dev lo)]) {
    my ($status, $output) = UmTest::run('ip', @$command);
    die "ip @$command: $output\n" if $status;
}

# Described for what other suites meet alone.
my %ELSEWHERE = (
    'GET /api-forward-auth/ 500' => 't/auth/forward.t: a caller with more groups than a header takes',
    'GET /api-forward-auth/ 429' => 't/auth/renewal.t: a cookie whose renewal is throttled',
);

# ---- servers ---------------------------------------------------------------------------------------------------------

my %port = map { ($_ => free_port()) } qw(far closed tight plain);
my ($keys, $mails) = (UmTest::new_folder(), UmTest::new_folder());
UmTest::new_key("$keys/one.pem");
my $clients = "$keys.clients";
my $client = 'umc_' . 'x' x 43;
UmTest::spew($clients, 'front ' . sha256_base64($client) =~ tr{+/}{-_}r . "\n");
chmod 0600, $clients;

sub host {
    my ($name, $lines, $address) = @_;
    $address ||= '127.0.0.1';
    return "Listen $address:$port{$name}\n<VirtualHost $address:$port{$name}>\nUserMgmt On\n$lines\n</VirtualHost>\n";
}

my $common = <<"END";
UserMgmtSigningKey $keys
UserMgmtIssuer https://id.example.org
UserMgmtClientToken $clients
UserMgmtOpenAPI On
UserMgmtMail file:$mails
END
my $server = UmServer->start(new_database(), $common . <<'END'
UserMgmtEmailVerification on
RequestReadTimeout body=1
END
    . host(far => 'UserMgmtOpenAPI On', $FAR) . host(closed => 'UserMgmtRequireClientToken register token reset')
    . host(plain => 'UserMgmtEmailVerification off')
    . host(tight => join "\n", 'UserMgmtThrottleExempt none', map { "UserMgmtThrottle $_ address 1/d 1" }
        qw(sign-in register reset confirm refresh api)), modules => ['reqtimeout']);
# One whose database has lost its tables.
my $away = UmServer->start(new_database(), "${common}UserMgmtEmailVerification on\n");
$away->{database}{sql}->("alter table $_ rename to gone_$_") for qw(um_users um_sessions um_requests um_one_time_tokens);
$UmApi::PORT = $server->{port};

my ($me, $chief) = map { register(email => new_name() . '@example.org') } 1, 2;
$server->{database}{sql}->("update um_users set is_staff = 1 where id = '$chief->{id}'");
$chief->{token} = login($chief->{username}, $chief->{password});
my $refresh = json_of(call(POST => $TOKEN, json => UmApi::object_text({ username => $me->{username},
    password => $me->{password} })))->{refresh_token};
my $group = 'editors';
call(POST => '/api/v1/groups/', token => $chief->{token}, json => qq({"name":"$group"}));

# ---- requests that are right -----------------------------------------------------------------------------------------

my $ONE_TIME = 'x' x 43;
my $NOBODY = '00000000-0000-4000-8000-000000000000';
my %member = (username => sub { new_name() }, password => \&good_password, email => sub { 'nobody@example.org' },
    token => sub { $ONE_TIME }, name => sub { new_name() }, old_password => \&good_password, first_name => sub { 'Ann' },
    new_password => sub { 'Red-River!82y' }, refresh_token => sub { 'umr_' . 'x' x 86 });
my %body = (
    'POST /api/v1/users/' => [qw(username password)], 'POST /api/v1/users/{id}/' => [qw(old_password new_password)],
    'PUT /api/v1/users/{id}/' => ['first_name'], 'PATCH /api/v1/users/{id}/' => ['first_name'],
    'POST /api/v1/groups/' => ['name'], 'PATCH /api/v1/groups/{group}/' => ['name'],
    'POST /api-token-auth/' => [qw(username password)], 'POST /api-token-refresh/' => ['refresh_token'],
    'POST /api-token-verify/' => ['token'], 'POST /api-token-revoke/' => ['token'],
    'POST /api-token-introspect/' => ['token'], 'POST /api/password_reset/' => ['email'],
    'POST /api/password_reset/validate_token/' => ['token'], 'POST /api/password_reset/confirm/' => [qw(password token)],
    'POST /api/email_verification/' => ['email'], 'POST /api/email_verification/confirm/' => ['token'],
);

# What call() needs for an operation: with a token of staff, and of a client where one is asked for.
sub right {
    my ($method, $path) = @_;
    my @with = (token => $path eq '/api-token-introspect/' ? $client : $chief->{token});
    @with = () if $path =~ m{\A/api-token-(?:auth|refresh|verify)/|password_reset|email_verification};
    my $members = $body{"$method $path"};
    push @with, json => JSON::PP->new->encode({ map { $_ => $member{$_}->() } @$members }) if $members;
    return @with;
}

# The path with these in place of its names, or those of the suite.
sub filled {
    my ($path, %with) = @_;
    my %value = (id => $me->{id}, group => $group, session => $NOBODY, %with);
    return $path =~ s/\{(\w+)\}/$value{$1}/gr;
}

sub is_open { return $_[0] =~ m{\A/api-token-auth/|password_reset|email_verification} }

# ---- requests that are wrong, by status ------------------------------------------------------------------------------

my @slow;   # requests whose bodies do not come

my %wrong = (
    400 => sub {
        my ($method, $path) = @_;
        return call($method, "$path?x=1", token => $me->{token}) if $path =~ /forward/;
        return call($method, filled($path), right($method, $path), json => '{') if $body{"$method $path"};
        return call($method, filled($path), headers => [("Authorization: Bearer $chief->{token}") x 2]);
    },
    401 => sub {
        my ($method, $path) = @_;
        return call($method, $path, right($method, $path)) if $path =~ /refresh|verify/ && $path !~ /email/;
        return call($method, $path, token => 'x') if $path =~ /revoke/;
        return call($method, filled($path), right($method, $path), token => undef,
            port => is_open($path) || $path eq $USERS && $method eq 'POST' ? $port{closed} : $server->{port});
    },
    403 => sub {
        my ($method, $path) = @_;
        return call($method, "$path?staff=1", token => $me->{token}) if $path =~ /forward/;
        return from_far($method, filled($path), right($method, $path));
    },
    404 => sub {
        my ($method, $path) = @_;
        return call($method, $path, right($method, $path), port => $path eq '/api/email_verification/' ? $port{plain}
            : $server->{port}) unless $path =~ /\{|v1/;
        return call($method, filled("$path?cursor=x"), right($method, $path)) if $path !~ /\{/;
        return call($method, filled($path, id => $NOBODY, group => 'none'), right($method, $path));
    },
    405 => sub { return call('PROPFIND', filled($_[1]), right(@_)) },
    406 => sub { return call($_[0], filled($_[1]), right(@_), headers => ['Accept: image/png']) },
    408 => sub {
        my ($method, $path) = @_;
        my $text = request_text($method, filled($path), right($method, $path), json => '{');
        $text =~ s/^Content-Length: 1\b/Content-Length: 9/m or die "no length\n";
        my $socket = connection();
        syswrite $socket, $text or die "write: $!\n";
        push @slow, [$method, filled($path), $socket];
        return;
    },
    412 => sub { return call($_[0], filled($_[1]), right(@_), headers => ['If-Match: "x"']) },
    413 => sub { return call($_[0], filled($_[1]), right(@_), json => '{"x":"' . 'x' x 70_000 . '"}') },
    415 => sub { return call($_[0], filled($_[1]), right(@_), type => 'text/plain') },
    422 => sub {
        my ($method, $path) = @_;
        call($method, $path, right($method, $path), headers => ['Idempotency-Key: one']) for 1, 2;
        return;
    },
    429 => sub {
        my ($method, $path) = @_;
        my $answer;
        for (1 .. 3) {
            $answer = call($method, filled($path), right($method, $path), port => $port{tight});
            last if $answer->{status} == 429;
        }
        return $answer;
    },
    503 => sub {
        my ($method, $path) = @_;
        my @with = right($method, $path);
        # The database is asked for the session of a token that could be valid.
        push @with, json => qq({"token":"$me->{token}"}) if $path =~ /-(?:verify|revoke|introspect)/;
        push @with, json => qq({"refresh_token":"$refresh"}) if $path =~ /-refresh/;
        return call($method, filled($path), @with, port => $away->{port});
    },
);


sub from_far {
    my ($method, $path, %with) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => $FAR, PeerAddr => $FAR, PeerPort => $port{far}, Timeout => 10)
        or die "cannot connect to $FAR: $!\n";
    my $answer = answers(exchange(request_text($method, $path, %with), socket => $socket, answers => 1))->[0]
        || { status => 0, head => {}, body => '' };
    UmApi::record($method, $path, $answer);
    return $answer;
}

# ---- all of them -----------------------------------------------------------------------------------------------------

my ($PYTHON, $READER, $DOCUMENT) = ('/usr/bin/python3', map { UmTest::sources() . "/$_" } 't/lib/openapi.py',
    'docs/openapi.yaml');
my @described = grep { / [45]\d\d\z/ && !$ELSEWHERE{$_} } split /\n/, UmTest::output_of($PYTHON, $READER, $DOCUMENT,
    'described');
cmp_ok(scalar @described, '>', 250, 'the document describes errors');
for my $line (@described) {
    my ($method, $path, $status) = split / /, $line;
    $wrong{$status} ? $wrong{$status}->($method, $path) : fail("the suite knows how to get $status");
}
for (@slow) {
    my ($method, $path, $socket) = @$_;
    UmApi::record($method, $path, answers(exchange('', socket => $socket, answers => 1))->[0] || { status => 0, head => {} });
}


# What only other sequences of suites meet, or suites whose answers have headers of their own.
for my $path ('/.well-known/jwks.json', '/api/openapi.yaml') {
    my $answer = call(GET => $path, any => 1);
    my $tag = $answer->{head}{etag}[0];
    UmApi::record(GET => $path, $_) for $answer, call(GET => $path, any => 1, headers => ["If-None-Match: $tag"]);
}
call(GET => '/api-forward-auth/', token => $me->{token});

my @mine = glob UmTest::scratch() . '/answers/' . UmTest::sequence() . "-$$.jsonl";
is(scalar @mine, 1, 'the answers are recorded');
my %described = map { ($_ => 1) } @described;
is(join("\n", grep { $described{$_} } split /\n/, UmTest::output_of($PYTHON, $READER, $DOCUMENT, 'unmet', @mine)), '',
    'each described error was met');
like(UmTest::output_of($PYTHON, $READER, $DOCUMENT, 'answers', @mine), qr/\A\d+ checked\z/, 'each answer is described');
is($_->crashes, '', 'no process crashed') for $server, $away;
api_done();
