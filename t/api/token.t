#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Signing in: POST /api-token-auth/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use List::Util qw(min);
use MIME::Base64 qw(decode_base64url);
use Test::More;
use Time::HiRes qw(time);
use UmApi;

my $me = register(username => new_name('Zoë'), first_name => 'Zoë', email => 'zoe@example.org',
    password => ' Blue-Tree!71x ');
my $PASSWORD = $me->{password};
my $REFUSED = faults(non_field_errors => 'login');

sub ask {
    my ($username, $password) = @_;
    return call(POST => $TOKEN, json => '{"username":' . json_text($username) . ',"password":' . json_text($password)
        . '}');
}

# ---- a good sign-in ------------------------------------------------------------------------------------------------

{
    my $began = int time;
    my $answer = ask($me->{username}, $PASSWORD);
    answer_is($answer, 200, qr/\{"token":"[A-Za-z0-9_.~+\/=-]+"(?:,.*)?\}/, 'name and password give a token');
    my $said = json_of($answer);
    is_deeply([grep { !/\A(?:token|token_type|expires_in|refresh_token)\z/ } keys %$said], [],
        'the answer has no other member');
    is($said->{token_type}, 'Bearer', 'token_type is Bearer') if exists $said->{token_type};
    answer_is(call(GET => $me->{path}, token => $said->{token}), 200, profile_of($me), 'the token signs in');

    my @parts = split /\./, $said->{token}, -1;
    is(scalar @parts, 3, 'the token is a signed JWT');
    my ($header, $claims) = map { JSON::PP->new->decode(decode_base64url($_)) } @parts[0, 1];
    is($header->{typ}, 'at+jwt', 'the header of the token says at+jwt');
    like($header->{alg}, qr/\A(?:EdDSA|ES256|RS256|HS256)\z/, 'the header of the token names the algorithm');
    is($claims->{sub}, $me->{id}, 'the subject of the token is the id of the account');
    is_deeply([sort grep { defined $claims->{$_} } keys %$claims], [sort qw(iss sub aud exp iat jti sid)],
        'the token has these claims and no others');
    cmp_ok($claims->{exp}, '>', $began, 'the token expires after it was issued');
    is($said->{expires_in}, $claims->{exp} - $claims->{iat}, 'expires_in says how many seconds later')
        if exists $said->{expires_in};
    my $open = decode_base64url($parts[1]);
    unlike($open, qr/\Q$_\E/, 'it does not carry ' . substr($_, 0, 4) . '...') for 'zoe@example.org', 'Blue-Tree';
}

{
    my @tokens = map { login($me->{username}, $PASSWORD) } 1 .. 3;
    my %different = map { $_ => 1 } @tokens, $me->{token};
    is(scalar keys %different, 4, 'each sign-in gives a token of its own');
    is(call(GET => $me->{path}, token => $_)->{status}, 200, 'each of the tokens is accepted') for sort keys %different;
}

my $fold = $me->{username};
utf8::decode($fold);
my @spelled = (
    ['upper case', do { my $text = uc $fold; utf8::encode($text); $text }],
    ['lower case', do { my $text = lc $fold; utf8::encode($text); $text }],
    ['blanks around it', "  $me->{username} "],
    ['a decomposed accent', do { (my $text = $me->{username}) =~ s/\xc3\xab/e\xcc\x88/; $text }],
    ['a full-width letter', do { (my $text = $me->{username}) =~ s/\AZ/\xef\xbc\xba/; $text }],
);
is(ask($_->[1], $PASSWORD)->{status}, 200, "the name may be typed in $_->[0]") for @spelled;

# A password is the same from every keyboard, as RFC 8265 has it.
{
    my ($typed, $composed) = ("Cre\xcc\x80me\xc2\xa0bru\xcc\x82le\xcc\x81e", "Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9e");
    my $cook = register(username => new_name(), password => $typed);
    is(ask($cook->{username}, $_->[1])->{status}, $_->[2], "a password registered decomposed, typed $_->[0]") for
        ['decomposed', $typed, 200], ['composed', $composed, 200], ['without accents', 'Creme brulee', 400],
        ['in other case', "cr\xc3\xa8me br\xc3\xbbl\xc3\xa9e", 400], ['with a blank more', "$composed ", 400];
}

my @media = (
    ['a web form', form => do { (my $text = "username=$me->{username}&password=$PASSWORD") =~ s/ /+/g; $text }],
    ['a multipart form', type => 'multipart/form-data; boundary=zz',
        body => "--zz\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\n"
        . "$me->{username}\r\n--zz\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n"
        . "$PASSWORD\r\n--zz--\r\n"],
    ['JSON with more members',
        json => qq({"x":1,"username":"$me->{username}","password":"$PASSWORD","token":"mine","grant_type":"password"})],
);
for my $row (@media) {
    my ($what, @with) = @$row;
    answer_is(call(POST => $TOKEN, @with), 200, qr/\{"token":"(?!mine)[^"]+".*\}/, "signing in by $what");
}

for my $header ('Bearer stale.stale.stale', 'Bearer', 'Bearer a b', "Bearer \xff", 'Basic Og==',
    "Bearer $me->{token}") {
    is(call(POST => $TOKEN, json => qq({"username":"$me->{username}","password":"$PASSWORD"}),
        headers => ["Authorization: $header"])->{status},
        200, 'signing in does not look at Authorization: ' . substr($header, 0, 20));
}

# ---- refusals ------------------------------------------------------------------------------------------------------

my @wrong = (
    ['wrong password', $me->{username}, 'Blue-Tree!72x'], ['a blank missing', $me->{username}, 'Blue-Tree!71x'],
    ['other case', $me->{username}, lc $PASSWORD], ['longer', $me->{username}, "${PASSWORD}x"],
    ['the name as password', $me->{username}, $me->{username}], ['blanks as password', $me->{username}, '   '],
    ['a very long password', $me->{username}, 'x' x 5000], ['unknown name', new_name(), $PASSWORD],
    ['unknown name and wrong password', new_name(), 'x'], ['a name with bad characters', 'a b/c', $PASSWORD],
    ['a name without its accent', do { (my $text = $me->{username}) =~ s/\xc3\xab/e/; $text }, $PASSWORD],
    ['a very long name', 'n' x 5000, $PASSWORD], ['SQL', "$me->{username}' or '1'='1", $PASSWORD],
    ['a pattern', '%', $PASSWORD], ['the id as name', $me->{id}, $PASSWORD],
        ['the address as name', $me->{email}, $PASSWORD],
);
my %alike;
for my $row (@wrong) {
    my ($what, $username, $password) = @$row;
    my $answer = ask($username, $password);
    answer_is($answer, 400, $REFUSED, "a sign-in is refused: $what");
    $alike{join "\n", map { "$_: @{ $answer->{head}{$_} }" } grep { !/\A(?:date|x-request-id)\z/ }
        sort keys %{ $answer->{head} }}++;
}
is(scalar keys %alike, 1, 'the headers of all refusals are alike') or diag(join "\n--\n", keys %alike);

# Somebody who was switched off is refused like anybody else, and his tokens are dead.
{
    my $off = register();
    UmTest::sql("update um_users set is_active = 0 where id = '$off->{id}'");
    answer_is(ask($off->{username}, $off->{password}), 400, $REFUSED, 'refused: an inactive account');
    answer_is(ask($off->{username}, 'x'), 400, $REFUSED, 'refused: an inactive account and a wrong password');
    my $answer = call(GET => $off->{path}, token => $off->{token});
    answer_is($answer, 401, detail('gone_user'), 'a token of an inactive account');
    like($answer->{head}{'www-authenticate'}[0], qr/error="invalid_token"/, 'the challenge says invalid_token');
    is(call(GET => '/private/hello.txt', token => $off->{token}, any => 1)->{status}, 401,
        'a token of an account that is off is refused by Locations');
    UmTest::sql("update um_users set is_active = 1 where id = '$off->{id}'");
    is(ask($off->{username}, $off->{password})->{status}, 200, 'switched on again, it signs in');
}

my @faulty = (
    ['nothing', '{}', username => 'required', password => 'required'],
    ['no password', '{"username":"x"}', password => 'required'],
    ['no name', '{"password":"x"}', username => 'required'],
    ['blanks', '{"password":"","username":" "}', username => 'blank', password => 'blank'],
    ['nulls', '{"username":null,"password":null}', username => 'null', password => 'null'],
    ['no texts', '{"username":["x"],"password":{"x":1}}', username => 'string', password => 'string'],
    ['numbers', '{"username":1,"password":12345678}', username => 'string', password => 'string'],
    ['truth values', '{"username":true,"password":false}', username => 'string', password => 'string'],
    ['zero characters', '{"username":"a\u0000","password":"\u0000"}', username => 'nul', password => 'nul'],
    ['half characters', '{"username":"\ud800","password":"a\udc00"}',
        username => 'Surrogate characters are not allowed: U+D800.',
        password => 'Surrogate characters are not allowed: U+DC00.'],
);
answer_is(call(POST => $TOKEN, json => $_->[1]), 400, faults(@$_[2 .. $#$_]),
    "a faulty sign-in is refused: $_->[0]") for @faulty;

answer_is(call(POST => "$TOKEN?username=$me->{username}&password=%20Blue-Tree!71x%20", json => '{}'), 400,
    faults(username => 'required', password => 'required'), 'credentials in the address are not read');
answer_is(call(POST => $TOKEN, headers => ['Authorization: Basic eDp5']), 400,
    faults(username => 'required', password => 'required'),
    'credentials in a Basic header are not looked at');

# ---- nobody learns by the clock who has an account -------------------------------------------------------------------

# The fastest of interleaved tries, since other work on the machine only slows: a factor of three is beyond what is left
# of it and below the cost of a hash that was left out.
{
    my (%took, %fastest);
    for my $round (1 .. 15) {
        for my $case ([known => $me->{username}], [unknown => new_name()], [impossible => 'a b/c']) {
            my $began = time;
            ask($case->[1], "wrong $round");
            push @{ $took{$case->[0]} }, time - $began;
        }
    }
    $fastest{$_} = min(@{ $took{$_} }) for keys %took;
    for my $case (qw(unknown impossible)) {
        my $ratio = $fastest{$case} / $fastest{known};
        ok($ratio > 1 / 3 && $ratio < 3, "a wrong password and an $case name take alike long") or diag("factor $ratio");
    }
}

api_done();
