#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The set of public keys: what is in it and what never is, how it may be kept, and that others can verify our tokens by it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64url);
use Test::More;
use UmApi;
use UmServer;

my $PATH = '/.well-known/jwks.json';

sub fetch {
    my ($method, %with) = @_;
    return call($method => $with{path} || $PATH, any => 1, %with);
}

# ---- the document --------------------------------------------------------------------------------------------------

my $answer = fetch('GET');
is($answer->{status}, 200, 'the set is there for anybody');
is_deeply($answer->{head}{'content-type'}, ['application/jwk-set+json'], 'the key set has its media type');
is_deeply($answer->{head}{'cache-control'}, ['public, max-age=300'], 'the key set may be cached for five minutes');
is_deeply($answer->{head}{'access-control-allow-origin'}, ['*'], 'pages of other sites may read the key set');
is_deeply($answer->{head}{'x-content-type-options'}, ['nosniff'], 'the key set has X-Content-Type-Options');
is($answer->{head}{'set-cookie'}, undef, 'the key set sets no cookie');
my $set = json_of($answer);
is(scalar @{ $set->{keys} }, 1, 'the set has one key');
is(join(' ', sort keys %{ $set->{keys}[0] }), 'alg crv kid kty use x', 'the key has its public members alone');

my $tag = $answer->{head}{etag}[0];
like($tag, qr/\A"[\w-]{22}"\z/, 'the key set has an entity tag');
my @conditions = (
    ['the same', $tag, 304], ['any', '*', 304], ['one of several', "\"other\", $tag", 304], ['weak', "W/$tag", 304],
    ['another', '"other"', 200], ['none', '', 200],
);
for (@conditions) {
    my ($name, $value, $status) = @$_;
    my $again = fetch('GET', headers => ["If-None-Match: $value"]);
    is("$again->{status} " . length $again->{body}, $status == 304 ? '304 0' : '200 ' . length $answer->{body},
        "the key set is answered $status to If-None-Match: $name");
    is($again->{head}{etag}[0], $tag, 'each answer has the tag');
}
my $head = fetch('HEAD');
is("$head->{status} $head->{body}", '200 ', 'HEAD answers without a body');
is($head->{head}{'content-length'}[0], length $answer->{body}, 'tells the length');

for my $accept ('application/jwk-set+json', 'application/json', 'text/plain', 'image/png;q=0.1', '*/*;q=0') {
    is(fetch('GET', headers => ["Accept: $accept"])->{status}, 200, "the key set is answered to Accept: $accept");
}
is(fetch('GET', token => 'nonsense')->{status}, 200, 'a token is not looked at');
for my $method (qw(POST PUT PATCH DELETE)) {
    answer_is(call($method => $PATH), 405, detail("Method \"$method\" not allowed."), $method);
}
my $options = call(OPTIONS => $PATH);
is("$options->{status} $options->{head}{allow}[0]", '200 GET, HEAD, OPTIONS', 'OPTIONS names the methods');
answer_is(call(GET => "$PATH/"), 404, detail('not_found'), 'there is nothing below the key set');
is(fetch('GET', path => '/.well-known/other')->{head}{'referrer-policy'}, undef,
    'other paths beside it belong to the site');
is(fetch('GET', port => UmTest::off_port())->{status}, 404, 'a host without accounts has none');

# ---- others verify by it -------------------------------------------------------------------------------------------

sub verified {
    my ($token, $key) = @_;
    my ($header, $claims, $signature) = split /\./, $token;
    my $folder = UmTest::new_folder();
    UmTest::spew("$folder/key", pack('H*', '302a300506032b6570032100') . decode_base64url($key->{x}));
    UmTest::spew("$folder/text", "$header.$claims");
    UmTest::spew("$folder/sig", decode_base64url($signature));
    my ($status, $output) = UmTest::run(qw(openssl pkeyutl -verify -pubin -keyform DER -rawin -inkey), "$folder/key",
        '-in', "$folder/text", '-sigfile', "$folder/sig");
    note($output) if $status;
    return $status == 0;
}

my $account = register();
my $header = JSON::PP::decode_json(decode_base64url((split /\./, $account->{token})[0]));
is($header->{kid}, $set->{keys}[0]{kid}, 'a token names the key');
is($header->{alg}, $set->{keys}[0]{alg}, 'a token names the algorithm of the key');
ok(verified($account->{token}, $set->{keys}[0]), 'openssl verifies the signature of a token with the key of the set');
(my $forged = $account->{token}) =~ s/\.(.)/'.' . ($1 eq 'e' ? 'f' : 'e')/e;
ok(!verified($forged, $set->{keys}[0]), 'openssl refuses the signature of a changed token');

# ---- kinds and states of keys --------------------------------------------------------------------------------------

my $folder = UmTest::new_folder();
my %file;
for my $alg (qw(HS256 EdDSA ES256 RS256)) {
    my $own = "$folder/$alg";
    my ($status, $output) = UmTest::run(UmTest::cli(), qw(key new --alg), $alg, $own);
    die $output if $status;
    chomp($file{$alg} = $output);
}
my $server = UmServer->start(new_database(), "UserMgmtSigningKey \"$folder/HS256\"", children => 1);
my $port = $server->{port};
is(fetch('GET', port => $port)->{body}, '{"keys":[]}', 'secrets are never published');

sub add {
    my ($alg, $name) = @_;
    my ($end) = $file{$alg} =~ /(\.\w+)\z/;
    my ($status, $output) = UmTest::run('cp', '-p', $file{$alg}, "$folder/HS256/$name$end");
    die $output if $status;
    return;
}
add(ES256 => '1');
add(RS256 => '2.next');
add(EdDSA => '3.retired');
my $later = await(5, sub { my $got = fetch('GET', port => $port); $got->{body} =~ /"RSA"/ && $got });
my @keys = @{ ($later ? json_of($later) : {})->{keys} || [] };
is(join(' ', map { $_->{alg} } @keys), 'ES256 RS256', 'keys in use and next ones, not retired ones');
is(join(' ', map { join ',', sort keys %$_ } @keys), 'alg,crv,kid,kty,use,x,y alg,e,kid,kty,n,use',
    'keys of other algorithms have their public members alone');
is($server->crashes, '', 'no process of the server crashed');

api_done();
