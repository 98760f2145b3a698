#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Keys are rotated while clients sign in and use their tokens: on one node with SQLite, and on two nodes with PostgreSQL
# that share the folder. No valid token is refused, and no token of a retired key is accepted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64url);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmServer;

my $USED = 3;           # seconds for which a client uses a token before it signs in anew
my $PUBLISH = 6;        # seconds for which a key is published
my $LOOK = 2;           # seconds after which the last process knows a change, and a margin
my $MARGIN = 2;

my $keys = UmTest::new_folder() . '/keys';

sub usermgmt {
    my (@words) = @_;
    my ($status, $output) = UmTest::run(UmTest::cli(), 'key', @words);
    $status == 0 or die "key @words: $output\n";
    return $output;
}

# { state => [kid, ...] }
sub states {
    my ($folder) = @_;
    my %kids;
    for my $line (split /\n/, usermgmt('list', $folder || $keys)) {
        my ($kid, $state) = (split ' ', $line)[1, 2];
        push @{ $kids{$state} }, $kid;
    }
    return \%kids;
}

sub kid_of {
    my ($token) = @_;
    return JSON::PP::decode_json(decode_base64url((split /\./, $token)[0]))->{kid};
}

# ---- nodes -----------------------------------------------------------------------------------------------------------

usermgmt('new', $keys);
my $first = states()->{signs}[0];
my $documents = UmTest::new_folder();
mkdir "$documents/private" or die "$!\n";
UmTest::spew("$documents/private/page.txt", 'a page');
my $lines = <<"END";
UserMgmtSigningKey "$keys"
UserMgmtRevocationDelay 0
DocumentRoot "$documents"
<Location "/private">
    AuthType Bearer
    AuthName private
    Require valid-user
</Location>
END
my $database = new_database();
# Threads: no more than half of a process's threads hash passwords, and a further sign-in is answered 503 at once. With
# eight threads the four clients and this process could reach that limit when all their sign-ins came to one child.
my @nodes = map { UmServer->start($database, $lines, children => 2, threads => 16) }
    1 .. (UmTest::database() eq 'pgsql' ? 2 : 1);

# A node whose worker rotates keys, with a key that has been due for long.
my $own_keys = UmTest::new_folder();
UmTest::new_key("$own_keys/20200101T000000Z-old.pem");
my $own = UmServer->start(new_database(), "UserMgmtSigningKey \"$own_keys\"\nUserMgmtKeyRotation 1m", children => 1);

# ---- clients ---------------------------------------------------------------------------------------------------------

my $password = good_password();
my @names = map { new_name() } 0 .. 3;
my %id;
for my $name (@names) {
    my $answer = call(POST => $USERS, port => $nodes[0]{port},
        json => '{"username":' . json_text($name) . ',"password":' . json_text($password) . '}');
    $answer->{status} == 201 or die "registration: $answer->{status} $answer->{body}\n";
    $id{$name} = json_of($answer)->{id};
}

# Signs in and returns the answer.
sub try_sign_in {
    my ($node, $name) = @_;
    return call(POST => $TOKEN, port => $node->{port},
        json => '{"username":' . json_text($name) . ',"password":' . json_text($password) . '}');
}

# Signs in, which must succeed, and returns the token.
sub sign_in {
    my ($node, $name) = @_;
    my $answer = try_sign_in($node, $name);
    $answer->{status} == 200 or die "sign-in: $answer->{status} $answer->{body}\n";
    return json_of($answer)->{token};
}

# The statuses of the API and of the protected page for that token.
sub uses {
    my ($node, $name, $token) = @_;
    return map { call(GET => $_, port => $node->{port}, token => $token, any => 1)->{status} }
        "$USERS$id{$name}/", '/private/page.txt';
}

# Signs in on one node after the other and uses each token on all of them until the file $stop is there. Returns how
# many answers were 200, and each other answer in a line of its own.
sub client {
    my ($name, $stop) = @_;
    my ($good, @bad) = (0);
    for (my $turn = 0; !-e $stop; $turn++) {
        my $began = time;
        my $answer = try_sign_in($nodes[$turn % @nodes], $name);
        my $token = $answer->{status} == 200 ? json_of($answer)->{token} : undef;
        push @bad, sprintf 'sign-in at %.3f took %.3f s: status %d, body "%s", bytes "%s"', $began, time - $began,
            $answer->{status}, $answer->{body}, $answer->{bytes} // '' unless $token;
        my $end = time + $USED;
        while ($token && time < $end && !-e $stop) {
            for my $status (map { uses($_, $name, $token) } @nodes) {
                $status == 200 ? $good++ : push @bad, "$status by " . kid_of($token);
            }
            sleep 0.02;
        }
    }
    return join("\n", "$good good", @bad) . "\n";
}

my $stop = UmTest::new_folder() . '/stop';
my @clients;
for my $name (@names) {
    pipe(my $out, my $in) or die "pipe: $!\n";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        syswrite($in, client($name, $stop));
        POSIX::_exit(0);
    }
    close $in;
    push @clients, [$child, $out];
}
END {
    UmTest::spew($stop, '') if defined $stop && !-e $stop;
}

# ---- the life of a key -----------------------------------------------------------------------------------------------

my @times = ('--every', '1h', '--publish', $PUBLISH, '--lifetime', $USED, $keys);
my $old_token = sign_in($nodes[0], $names[0]);
is(kid_of($old_token), $first, 'the only key signs');
is(usermgmt('rotate', @times), '', 'rotate changes nothing while nothing is due');

like(usermgmt('rotate', '--now', @times), qr/\A\S{43} is published and will sign in $PUBLISH s: \S+\.next\.pem\n\z/,
    'rotate --now publishes the next key');
my $next = states()->{next}[0];
sleep $LOOK + $MARGIN;
for my $node (@nodes) {
    like(call(GET => '/.well-known/jwks.json', port => $node->{port}, any => 1)->{body}, qr/"\Q$next\E"/,
        'each node publishes the next key');
    is(kid_of(sign_in($node, $names[0])), $first, 'each node still signs with the old key');
}
UmTest::spew("$keys/broken.pem", 'nonsense');
chmod 0600, "$keys/broken.pem" or die "$!\n";
sleep $PUBLISH - $LOOK;
unlink "$keys/broken.pem" or die "$!\n";
like(usermgmt('rotate', @times), qr/\A\Q$next\E signs from now on: /,
    'rotate lets the next key sign once it was published long enough');
sleep $LOOK + $MARGIN;
is(kid_of(sign_in($_, $names[0])), $next, 'each node signs with the new key') for @nodes;
is(join(' ', uses($_, $names[0], $old_token)), '200 200', 'each node accepts a token of the old key')
    for @nodes;

# New children start with the keys that their parent has read at its start.
for my $node (@nodes) {
    my $new_token = sign_in($node, $names[1]);
    my %old = map { $_ => 1 } $node->children;
    kill USR1 => $node->{pid};
    ok(await(30, sub { my @now = $node->children; @now && !grep { $old{$_} } @now }),
        'a graceful restart replaces all children');
    is(join(' ', map { uses($node, $names[1], $new_token) } 1 .. 6), join(' ', ('200') x 12),
        'the new children accept a token of the new key');
}

# Files get earlier times in their names, so that all tokens of the old key count as expired.
my ($file) = grep { !/next|retired/ } reverse sort glob "$keys/*.pem";
(my $earlier = $file) =~ s{/\d{8}T\d{6}Z}{ '/' . POSIX::strftime('%Y%m%dT%H%M%SZ', gmtime(time - 80)) }e;
my ($oldest) = sort glob "$keys/*.pem";
(my $first_of_all = $oldest) =~ s{/\d{8}T\d{6}Z}{/20200101T000000Z};
rename $oldest, $first_of_all or die "$!\n";
rename $file, $earlier or die "$!\n";
sleep $USED + $LOOK + $MARGIN;
like(usermgmt('rotate', @times), qr/\A\Q$first\E is retired: /, 'rotate retires the old key');
sleep $LOOK + $MARGIN;
for my $node (@nodes) {
    is(join(' ', map { uses($node, $names[0], $old_token) } 1 .. 4), join(' ', ('401') x 8),
        'each node refuses tokens of the retired key');
    unlike(call(GET => '/.well-known/jwks.json', port => $node->{port}, any => 1)->{body}, qr/"\Q$first\E"/,
        'no node publishes the retired key');
}

# ---- what the clients saw --------------------------------------------------------------------------------------------

UmTest::spew($stop, '');
for (@clients) {
    my ($child, $out) = @$_;
    my $said = do { local $/; <$out> };
    waitpid $child, 0;
    my ($good) = $said =~ /\A(\d+) good\n/;
    cmp_ok($good || 0, '>', 100, 'a client got more than 100 good answers during the rotation');
    $said =~ s/\A.*\n//;
    is($said, '', 'no sign-in and no use of a token was refused during the rotation');
}

# ---- a stolen key ----------------------------------------------------------------------------------------------------

my $stolen = sign_in($nodes[0], $names[0]);
like(usermgmt('retire', $keys, '--', $next), qr/signs from now on: .*\n\Q$next\E is retired: /,
    'retire takes the key that signs out of use');
sleep $LOOK + $MARGIN;
for my $node (@nodes) {
    is(join(' ', map { uses($node, $names[0], $stolen) } 1 .. 4), join(' ', ('401') x 8),
        'each node refuses tokens of a signing key that was retired');
    is(join(' ', uses($node, $names[0], sign_in($node, $names[0]))), '200 200',
        'each node signs with another key and accepts its tokens');
}

# ---- the worker ------------------------------------------------------------------------------------------------------

my $log = $own->log;
like($log, qr/UM604: keys: \S{43} is published and will sign in 15 s/, 'the worker publishes the next key');
ok(await(30, sub { $own->log =~ /UM604: keys: \S{43} signs from now on/ }), 'the worker lets the next key sign');
# On a slow machine the key after the next one may be published already.
like(join(' ', map { $_ . scalar @{ states($own_keys)->{$_} || [] } } qw(signs verifies next)),
    qr/\Asigns1 verifies1 next[01]\z/, 'the old key still verifies after the rotation of the worker');
is(call(GET => '/.well-known/jwks.json', port => $own->{port}, any => 1)->{head}{'cache-control'}[0],
    'public, max-age=7', 'clients may keep the keys for less time than a key is published before it signs');
is(join('', map { $_->crashes } @nodes, $own), '', 'no process of a node crashed');

api_done();
