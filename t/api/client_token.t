#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Clients with a token of their own: what is closed to others (UserMgmtRequireClientToken), introspection, revocation.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmServer;

my ($INTROSPECT, $REVOKE, $RESET, $EMAIL)
    = qw(/api-token-introspect/ /api-token-revoke/ /api/password_reset/ /api/email_verification/);
my ($NO_TOKEN, $BAD) = (detail('no_token'), detail('bad_token'));

my $file = UmTest::new_folder() . '/clients';

sub cli {
    my ($status, $output) = UmTest::run(UmTest::cli(), 'client', @_);
    chomp $output;
    return wantarray ? ($status, $output) : $output;
}

my $front = cli(new => $file, 'front');
my $back = cli(new => $file, 'back');
like($front, qr/\Aumc_[A-Za-z0-9_-]{43}\z/, 'the command line makes a client');
is(join(' ', split /\n/, cli(list => $file)), 'front back', 'list shows the names of the clients');
unlike(UmTest::slurp($file), qr/umc_|\Q@{[substr $front, 4]}\E/, 'the file has no token');
is((stat $file)[2] & 07777, 0600, 'only the owner can read the file');
{
    my ($status, $said) = cli(new => $file, 'front');
    ok($status == 1 && $said =~ /there is a client front already/, 'a name twice is refused') or diag("$status $said");
    ($status, $said) = cli(remove => $file, 'nobody');
    ok($status == 3 && $said =~ /there is no client nobody/,
        'removing a client that does not exist fails') or diag("$status $said");
}

sub basic {
    my ($name, $token) = @_;
    return 'Authorization: Basic ' . encode_base64("$name:$token", '');
}

my $database = new_database();
my $lines = "UserMgmtClientToken $file\nUserMgmtEmailVerification on\nUserMgmtMail file:" . UmTest::new_folder()
    . "\nUserMgmtRequireClientToken";
my $server = UmServer->start($database, "$lines token reset register");
$UmApi::PORT = $server->{port};

# ---- what is closed ------------------------------------------------------------------------------------------------

sub credentials {
    my ($who) = @_;
    return '{"username":' . json_text($who->{username}) . ',"password":' . json_text($who->{password}) . '}';
}

my $me = { username => new_name(), password => good_password() };
my @closed = (
    [$USERS, credentials($me), 201], [$TOKEN, credentials($me), 200],
    [$RESET, '{"email":"a@example.org"}', 200], ["${RESET}validate_token/", '{"token":"x"}', 404],
    ["${RESET}confirm/", '{"token":"x","password":"Red-River-82y"}', 404],
    [$EMAIL, '{"email":"a@example.org"}', 200], ["${EMAIL}confirm/", '{"token":"x"}', 404],
);
for my $row (@closed) {
    my ($path, $json, $status) = @$row;
    my $answer = call(POST => $path, json => $json);
    answer_is($answer, 401, $NO_TOKEN, "$path without a token");
    is($answer->{head}{'www-authenticate'}[0], 'Bearer realm="api"', 'asks for one');
    answer_is(call(POST => $path, json => $json, token => $_), 401, $BAD, 'a bad token of a client is refused')
        for 'x', 'umc_', "${front}x", substr($front, 0, 46), 'umc_' . 'A' x 43;
    answer_is(call(POST => $path, json => $json, headers => [basic(front => $front)]), 401, $NO_TOKEN,
        'a token of a client is not taken as a Basic password');
    answer_is(call(POST => $path, json => 'not JSON'), 401, $NO_TOKEN,
        'a missing token is told before the body is read');
    is(call(OPTIONS => $path)->{status}, 200, 'OPTIONS is open');
    $answer = call(POST => $path, json => $json, token => $front);
    is($answer->{status}, $status,
        "with the token of a client the answer is as without UserMgmtClients") or diag($answer->{body});
    %$me = (%$me, %{ json_of($answer) }, path => "$USERS" . json_of($answer)->{id} . '/') if $path eq $USERS;
}
is(call(POST => $TOKEN, json => credentials($me), token => $me->{auth_token})->{status}, 200,
    "an account's token does too");
answer_is(call(GET => $TOKEN), 401, $NO_TOKEN, 'without a token 401 comes before 405');
is(call(GET => $TOKEN, token => $front)->{status}, 405, 'with a token a wrong method is answered 405');
answer_is(call(GET => $me->{path}, token => $front), 401, $BAD, "a client's token is no account's");
answer_is(call(DELETE => $me->{path}, token => $front), 401, $BAD, 'the token of a client deletes no account');
my $at = json_of(call(POST => $TOKEN, json => credentials($me), token => $back));
ok($at->{refresh_token}, 'every client has its own token');
answer_is(call(POST => '/api-token-verify/', json => "{\"token\":\"$front\"}"), 401, $BAD,
    'the token of a client is no token of an account');
is(call(POST => '/api-token-refresh/', json => "{\"refresh_token\":\"$at->{refresh_token}\"}")->{status}, 200,
    'a refresh needs no token of a client');

# ---- introspection -------------------------------------------------------------------------------------------------

sub ask {
    my ($token, %with) = @_;
    my $hint = delete $with{hint};
    return call(POST => $INTROSPECT, form => "token=$token" . ($hint ? "&token_type_hint=$hint" : ''),
        (%with ? %with : (token => $back)), any => 1);
}

$at = json_of(call(POST => $TOKEN, json => credentials($me), token => $back));
my $INACTIVE = '{"active":false}';
for my $how (['a token' => token => $front], ['Basic' => headers => [basic(front => $front)]]) {
    my $answer = ask($at->{token}, @$how[1, 2]);
    is($answer->{status}, 200, "a client asks by $how->[0]");
    is($answer->{head}{'cache-control'}[0], 'no-store', 'the answer of the introspection is not cached');
    my $said = json_of($answer);
    is_deeply([sort keys %$said], [sort qw(active token_type username sub iss aud exp iat jti sid)],
        'the introspection answers all members');
    ok($said->{active}, 'the token is active');
    is($said->{token_type}, 'Bearer', 'the introspection answers the token type');
    is($said->{username}, $me->{username}, 'the introspection answers the name of the account');
    is($said->{sub}, $me->{id}, 'the introspection answers the id of the account');
    is($said->{exp} - $said->{iat}, 86400, 'the introspection answers the lifetime of the token');
    like($said->{sid}, qr/\A$UUID\z/, 'the introspection answers the id of the session');
}
answer_is(call(POST => $INTROSPECT, json => "{\"token\":\"$at->{token}\"}", token => $back), 200,
    qr/\{"active":true,.*\}/, 'JSON does as well');
answer_is(ask($at->{token}, hint => 'refresh_token'), 200, qr/\{"active":true,"token_type":"Bearer".*\}/,
    'a wrong hint');
answer_is(ask($at->{refresh_token}), 200, $INACTIVE, 'a refresh token is none that opens anything');
answer_is(ask($at->{refresh_token}, hint => 'access_token'), 200, $INACTIVE, 'whatever is asked');
answer_is(ask($at->{refresh_token}, hint => 'refresh_token'), 200,
    qr/\{"active":true,"token_type":"refresh_token","username":.*"sid":"$UUID"\}/,
        'a hint makes the introspection find a refresh token');
answer_is(ask($_), 200, $INACTIVE, 'not active: ' . substr $_, 0, 10)
    for 'x', 'a.b.c', $front, "$at->{token}x", 'x' x 50000;
answer_is(ask(''), 400, faults(token => 'blank'), 'an empty token is refused as blank');
answer_is(call(POST => $INTROSPECT, json => '{}', token => $back), 400, faults(token => 'required'),
    'a missing token is refused');

my $INVALID = '{"detail":"Invalid client credentials.","error":"invalid_client"}';
answer_is(call(POST => $INTROSPECT, form => "token=$at->{token}"), 401, $NO_TOKEN,
    'without the token of a client the introspection answers 401');
answer_is(call(POST => $INTROSPECT, form => "token=$at->{token}", token => $at->{token}), 401, $BAD,
    'an account is no client');
answer_is(call(POST => $INTROSPECT, form => "token=$at->{token}", token => 'umc_x'), 401, $BAD, 'a bad token');
for my $wrong ([front => $back], [front => 'x'], ['' => $front], [front => ''], ['front ' => $front],
    [$me->{username} => $me->{password}]) {
    my $answer = ask($at->{token}, headers => [basic(@$wrong)]);
    answer_is($answer, 401, $INVALID, 'not by Basic: ' . substr "@$wrong", 0, 12);
    is($answer->{head}{'www-authenticate'}[0], 'Basic realm="api"', 'asks for Basic');
}
answer_is(call(GET => $INTROSPECT, token => $front), 405, detail('Method "GET" not allowed.'), 'GET is not allowed');

# The state of now.
answer_is(call(POST => $REVOKE, form => "token=$at->{refresh_token}", headers => [basic(front => $front)]), 200,
    '{"status":"OK"}', 'a client revokes by Basic');
answer_is(ask($at->{token}), 200, $INACTIVE, 'the token is not active any more');
answer_is(ask($at->{refresh_token}, hint => 'refresh_token'), 200, $INACTIVE,
    'the refresh token of a revoked session is not active');
$at = json_of(call(POST => $TOKEN, json => credentials($me), token => $back));
answer_is(call(POST => $REVOKE, form => "token=$at->{token}", token => $front), 200, '{"status":"OK"}',
    'a client revokes a session by its access token');
answer_is(ask($at->{token}), 200, $INACTIVE, 'a session that was revoked by its access token is not active');
answer_is(call(POST => $REVOKE, form => '', token => $front), 400, faults(token => 'required'),
    'the token of a client is no session that can be revoked');
$at = json_of(call(POST => $TOKEN, json => credentials($me), token => $back));
for my $wrong ([token => "${front}x"], [headers => [basic(front => $back)]]) {
    is(call(POST => $REVOKE, form => "token=$at->{token}", @$wrong, any => 1)->{status}, 401, 'a client that is none');
}
answer_is(ask($at->{token}), 200, qr/\{"active":true.*\}/, 'a refused revocation ends no session');
$database->{sql}->("update um_users set is_active = 0 where id = '$me->{id}'");
answer_is(ask($at->{token}), 200, $INACTIVE, 'an account that is switched off');
$database->{sql}->("update um_users set is_active = 1 where id = '$me->{id}'");

# ---- one class alone, and none -------------------------------------------------------------------------------------

cli(remove => $file, 'front');
$server->stop;
$server->configure("$lines reset");
$server->launch;
is(call(POST => $TOKEN, json => credentials($me))->{status}, 200, 'UserMgmtClients reset leaves signing in open');
is(call(POST => $TOKEN, json => credentials($me), token => 'stale')->{status}, 200,
    'UserMgmtClients reset leaves the header of a sign-in unread');
is(call(POST => $EMAIL, json => '{"email":"a@example.org"}')->{status}, 200,
    'UserMgmtClients reset leaves the verification of addresses open');
answer_is(call(POST => $RESET, json => '{"email":"a@example.org"}'), 401, $NO_TOKEN,
    'UserMgmtClients reset closes the reset');
answer_is(call(POST => $RESET, json => '{"email":"a@example.org"}', token => $front), 401, $BAD,
    'a client that was taken out is none any more');
is(call(POST => $RESET, json => '{"email":"a@example.org"}', token => $back)->{status}, 200, 'the other is');
my $log = $server->log;
unlike($log, qr/umc_|umr_|eyJ/, 'no token is in the log at its highest level');
like($log, qr/UM302: POST \/api\/password_reset\/ by client back on -: done/, 'the log names the client that called');
is($server->crashes, '', 'no process of the server crashed');

api_done();
