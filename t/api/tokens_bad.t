#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Tokens that are not, or not any more, what they seem: 401 on the API and on protected places, whatever is wrong.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(hmac_sha256);
use JSON::PP ();
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64url);
use Test::More;
use UmApi;
use UmServer ();

my $me = register();
my $other = register();
my $FOLDER = UmTest::server_root() . '/conf/keys';
my ($KEY) = glob "$FOLDER/*";
my $NEW = UmTest::new_folder();
my $ALPHABET = join '', 'A' .. 'Z', 'a' .. 'z', '0' .. '9', '-_';

my ($header64, $claims64, $signature64) = split /\./, $me->{token};
my $HEADER = JSON::PP->new->decode(decode_base64url($header64));
my $CLAIMS = JSON::PP->new->decode(decode_base64url($claims64));

# ---- making tokens -------------------------------------------------------------------------------------------------

sub openssl {
    my (@command) = @_;
    my ($status, $output) = UmTest::run('openssl', @command);
    die "openssl @command: $output\n" if $status;
    return $output;
}

# A signature in the form of RFC 7518 by the private key in the file.
sub signature {
    my ($alg, $key, $text) = @_;
    return hmac_sha256($text, $key) if $alg =~ /\AHS/;
    my ($in, $out) = (UmTest::spew("$NEW/text", $text), "$NEW/signature");
    openssl('pkeyutl', '-sign', '-inkey', $key, '-rawin', '-in', $in, '-out', $out, $alg eq 'EdDSA' ? ()
        : ('-digest', 'sha256'));
    my $bytes = UmTest::slurp($out);
    return $bytes unless $alg =~ /\AES/;
    my ($r, $s) = $bytes =~ /\A\x30.\x02(.)(.*)\z/s ? (substr($2, 0, ord $1), substr($2, ord($1) + 2))
        : die "no ECDSA signature\n";
    return join '', map { my $number = $_; $number =~ s/\A\0+//; "\0" x (32 - length $number) . $number } $r, $s;
}

sub encode {
    my ($value) = @_;
    return encode_base64url(ref $value ? JSON::PP->new->canonical->encode($value) : $value);
}

# A token of these parts (hashes or bytes), signed by the server's own key or by that of %with.
sub forge {
    my ($header, $claims, %with) = @_;
    my $text = encode($header) . '.' . encode($claims);
    return "$text." . encode_base64url(signature($with{alg} || $HEADER->{alg}, $with{key} || $KEY, $text));
}

# The genuine header and claims with some members changed; undef takes a member away.
sub changed {
    my ($genuine, %change) = @_;
    my %copy = (%$genuine, %change);
    defined $copy{$_} or delete $copy{$_} for keys %change;
    return \%copy;
}

sub header { return forge(changed($HEADER, @_), $CLAIMS) }
sub claims { return forge($HEADER, changed($CLAIMS, @_)) }

# ---- the forger's tools work ---------------------------------------------------------------------------------------

my $now = time;
answer_is(call(GET => $me->{path}, token => forge($HEADER, $CLAIMS)), 200, profile_of($me),
    'the very same claims, signed again, are good');
answer_is(call(GET => $me->{path}, token => $_->[1]), 200, profile_of($me), "a good token is accepted: $_->[0]") for
    ['a later end', claims(exp => $CLAIMS->{exp} + 5)], ['an end with a fraction',
        forge($HEADER, encode_claims('"exp":' . ($now + 60) . '.5'))],
    ['several audiences', claims(aud => ['x', $CLAIMS->{aud}])], ['an unknown claim', claims(x => { y => [1] })],
        ['just issued', claims(iat => $now + 2)];
# As if made before the clock was set back by so many seconds.
for my $row (['issued', 'iat', 50, 200], ['good', 'nbf', 50, 200], ['issued', 'iat', 150, 401],
    ['good', 'nbf', 150, 401]) {
    my ($what, $claim, $ahead, $want) = @$row;
    my $token = claims($claim => time + $ahead);
    is(join(' ', map { call(GET => $_, token => $token, any => 1)->{status} } $me->{path}, '/private/hello.txt'),
        "$want $want", "$what $ahead s ahead: API and Location judge alike");
}

# The claims as text, so that a member can be written in any way.
sub encode_claims {
    my ($member) = @_;
    my ($name) = $member =~ /"(\w+)"/;
    my $text = JSON::PP->new->canonical->encode(changed($CLAIMS, $name => undef));
    return $text =~ s/\}\z/,$member}/r;
}

# ---- bad tokens ----------------------------------------------------------------------------------------------------

my $other_key = UmTest::new_key("$NEW/other.pem", $HEADER->{alg} eq 'RS256' ? qw(-algorithm rsa) :
    $HEADER->{alg} eq 'ES256' ? qw(-algorithm ec -pkeyopt ec_paramgen_curve:P-256) : qw(-algorithm ed25519));
my $public = openssl('pkey', '-in', $KEY, '-pubout');
my $der = decode_base64($public =~ s/-----.*?-----//gr);
my $RAW = decode_base64url($signature64);
my $next = sub { my ($character, $step) = @_; substr($ALPHABET, index($ALPHABET, $character) ^ $step, 1) };

my @bad = (
    ['no signature', "$header64.$claims64."], ['no signature and no dot', "$header64.$claims64"],
        ['nothing but dots', '..'], ['four parts', "$me->{token}.x"],
    ['an empty fourth part', "$me->{token}."], ['an empty first part', ".$me->{token}"],
        ['no header', ".$claims64.$signature64"], ['no claims', "$header64..$signature64"],
    ['a zero signature', "$header64.$claims64." . encode_base64url("\0" x length $RAW)],
        ['a short signature', "$header64.$claims64." . encode_base64url(substr $RAW, 0, -1)],
    ['a long signature', "$header64.$claims64." . encode_base64url("$RAW\0")],
        ['another token\'s signature', "$header64.$claims64." . (split /\./, $other->{token})[2]],
    ['another token\'s claims', join('.', $header64, (split /\./, $other->{token})[1], $signature64)],
    ['padding', "$me->{token}=="], ['a line end', "$header64.$claims64%0A.$signature64"],
        ['the other alphabet', "$header64.$claims64.+$signature64"],
    ['encrypted', join('.', $header64, '', $claims64, $signature64, 'x')],
    (map { ["alg $_", encode(changed($HEADER, alg => $_)) . ".$claims64."] } qw(none None NONE nOnE)),
    ['alg none with the good signature', encode(changed($HEADER, alg => 'none')) . ".$claims64.$signature64"],
    ['alg "" ', header(alg => '')], ['no alg', header(alg => undef)],
        ['alg that is no text', header(alg => ['EdDSA'])], ['alg in other case', header(alg => lc $HEADER->{alg})],
    (map { ["signed as if $_",
        header(alg => $_)] } grep { $_ ne $HEADER->{alg} } qw(EdDSA ES256 RS256 HS256 PS256 HS512 ES384)),
    ['HMAC by the public key, PEM', forge(changed($HEADER, alg => 'HS256'), $CLAIMS, alg => 'HS256', key => $public)],
    ['HMAC by the public key, DER', forge(changed($HEADER, alg => 'HS256'), $CLAIMS, alg => 'HS256', key => $der)],
    ['HMAC by the public key, bare', forge(changed($HEADER, alg => 'HS256'), $CLAIMS, alg => 'HS256',
        key => substr $der, -32)],
    ['HMAC by nothing', forge(changed($HEADER, alg => 'HS256'), $CLAIMS, alg => 'HS256', key => "\0")],
    ['HMAC by the key\'s id', forge(changed($HEADER, alg => 'HS256'), $CLAIMS, alg => 'HS256', key => $HEADER->{kid})],
    ['another key', forge($HEADER, $CLAIMS, key => $other_key)],
    ['another key that it brings along', forge(changed($HEADER, jwk => { kty => 'OKP', crv => 'Ed25519',
        x => encode_base64url('x' x 32) }), $CLAIMS, key => $other_key)],
    ['a link to a key', header(jku => 'http://127.0.0.1:9/keys')],
        ['a link to a certificate', header(x5u => 'http://127.0.0.1:9/x')],
    ['a certificate', header(x5c => ['MAA='])], ['the key inside', header(jwk => { kty => 'OKP' })],
        ['crit', header(crit => ['exp'])], ['crit of nothing', header(crit => [])],
    ['b64', header(b64 => JSON::PP::false)], ['zip', header(zip => 'DEF')],
        ['an unknown key id', header(kid => 'nobody')], ['no key id', header(kid => undef)],
    ['a key id that is a path', header(kid => "../keys/test.pem")],
        ['a key id that is SQL', header(kid => "' or 1=1 --")], ['a key id that is no text', header(kid => 1)],
    ['a very long key id', header(kid => 'x' x 1000)], ['typ JWT', header(typ => 'JWT')],
        ['no typ', header(typ => undef)], ['typ of a refresh token', header(typ => 'rt+jwt')],
    ['over for long', claims(exp => $now - 3600)], ['over for two minutes', claims(exp => $now - 120)],
        ['no end', claims(exp => undef)], ['an end that is text', claims(exp => '' . ($now + 3600) . ' ')],
    ['an end that is null', forge($HEADER, encode_claims('"exp":null'))],
        ['an end beyond all numbers', forge($HEADER, encode_claims('"exp":1e300'))],
    ['an end before all numbers', forge($HEADER, encode_claims('"exp":-1e300'))],
        ['an end that is true', forge($HEADER, encode_claims('"exp":true'))],
    ['not good yet', claims(nbf => $now + 3600)], ['not good yet, as text', claims(nbf => '0 ')],
        ['issued in the future', claims(iat => $now + 3600)],
    ['another issuer', claims(iss => 'https://evil.example')], ['no issuer', claims(iss => undef)],
        ['the issuer and more', claims(iss => "$CLAIMS->{iss}/")], ['issuers', claims(iss => [$CLAIMS->{iss}])],
    ['another audience', claims(aud => 'x')], ['no audience', claims(aud => undef)],
        ['other audiences', claims(aud => ['x', 'y'])], ['an empty list of audiences', claims(aud => [])],
    ['audiences that are no texts', claims(aud => [1, $CLAIMS->{aud}])],
    ['another user\'s id', claims(sub => $other->{id})], ['nobody\'s id',
        claims(sub => '0f0e0d0c-0b0a-4908-8706-050403020100')], ['no id', claims(sub => undef)],
        ['a word as id', claims(sub => 'root')],
    ['an id that is no text', claims(sub => 1)], ['an unknown session',
        claims(sid => '0f0e0d0c-0b0a-4908-8706-050403020100')], ['no session', claims(sid => undef)],
    ['claims that are no object', forge($HEADER, '[]')], ['claims that are no JSON', forge($HEADER, '{"exp":')],
        ['claims twice', forge($HEADER, encode_claims('"exp":9999999999') =~ s/\A\{/{"exp":1,/r)],
    ['claims and something after', forge($HEADER, encode_claims('"x":1') . ' x')],
        ['claims with a byte order mark', forge($HEADER, "\xef\xbb\xbf" . encode_claims('"x":1'))],
    ['claims that are no UTF-8', forge($HEADER, encode_claims("\"x\":\"\xff\""))],
        ['claims with a zero', forge($HEADER, encode_claims('"x":1') . "\0")],
    ['claims that are very deep', forge($HEADER, encode_claims('"x":' . '[' x 500 . ']' x 500))],
    ['a header that is no object', forge('"x"', $CLAIMS)], ['a header that is no JSON', forge('{', $CLAIMS)],
    ['alg twice', forge(JSON::PP->new->canonical->encode($HEADER) =~ s/\A\{/{"alg":"none",/r, $CLAIMS)],
);
push @bad, ['an expired token of a leap into the past', claims(exp => 0)], ['a negative end', claims(exp => -1)];
if ($HEADER->{alg} eq 'ES256') {
    openssl('pkeyutl', '-sign', '-inkey', $KEY, '-rawin', '-digest', 'sha256', '-in',
        UmTest::spew("$NEW/text", "$header64.$claims64"), '-out', "$NEW/signature");
    push @bad, ['a signature in DER form', "$header64.$claims64." . encode_base64url(UmTest::slurp("$NEW/signature"))];
}
# One bit changed, in each part, at the beginning, in the middle and at the end (there: a bit that base64 does not use).
for my $part (0 .. 2) {
    my @parts = split /\./, $me->{token};
    for my $place (0, int(length($parts[$part]) / 2), length($parts[$part]) - 1) {
        my @changed = @parts;
        substr($changed[$part], $place, 1) = $next->(substr($parts[$part], $place, 1),
            $place == length($parts[$part]) - 1 ? 1 : 4);
        push @bad, ["part $part changed at $place", join '.', @changed];
    }
}

my $log = UmServer->shared->mark;
for my $row (@bad) {
    my ($what, $token) = @$row;
    my $answer = call(GET => $me->{path}, token => $token);
    answer_is($answer, 401, detail('bad_token'), "a bad token is refused: $what");
    like(($answer->{head}{'www-authenticate'} || [''])->[0], qr/\ABearer realm="[^"]+", ?error="invalid_token"/,
        "the challenge says invalid_token: $what");
    my $private = call(GET => '/private/hello.txt', token => $token, any => 1);
    is($private->{status}, 401, "Locations refuse the bad token: $what");
    like(($private->{head}{'www-authenticate'} || [''])->[0], qr/\ABearer realm="private", ?error="invalid_token"/,
        "the challenge of a Location says invalid_token: $what");
}

# Changing and deleting are not for bad tokens either.
for my $method (qw(PATCH PUT DELETE POST)) {
    answer_is(call($method => $me->{path}, token => $_->[1], json => '{}'), 401, detail('bad_token'),
        "$method with a bad token is refused: $_->[0]")
        for grep { $_->[0] =~ /\A(?:no signature|alg none|over for long|another key)\z/ } @bad;
}
answer_is(call(GET => $me->{path}, token => $me->{token}), 200, profile_of($me), 'the good token is still good');

my $said = UmTest::since($log);
is(scalar(grep { length > 20 && index($said, $_) >= 0 } map { split /\./, $_->[1] } @bad), 0,
    'no part of any token is in the error log');

api_done();
