#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Imported tokens of 40 hexadecimal digits, on the API and on Locations, by Bearer and by Token (UserMgmtTokenScheme);
# and imported numbers of accounts in the paths of the API. What an import writes is written here by SQL.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA 'sha256';
use MIME::Base64 'encode_base64url';
use Test::More;
use UmApi;
use UmLocations;
use UmServer;

my $plain = free_port();
my $site = locations(<<"END");
UserMgmtTokenScheme Bearer Token
<Location /p>
    AuthType Bearer
    AuthName here
    Require valid-user
</Location>
<Location /claim>
    AuthType Bearer
    AuthName here
    Require usermgmt-claim sub:x
</Location>
Alias /p \${pages}/files
Alias /claim \${pages}/files
Listen 127.0.0.1:$plain
<VirtualHost 127.0.0.1:$plain>
    UserMgmt On
    UserMgmtTokenScheme Bearer
</VirtualHost>
END
my $sql = $site->{database}{sql};
my $number = 0;

# Gives an account a token as an import does; returns it.
sub import_token {
    my ($who, %with) = @_;
    my $token = sprintf '%040x', ++$number * 7919;
    my $hash = encode_base64url(sha256($token));
    my $id = sprintf '00000000-0000-7000-8000-%012x', $number;
    my $ends = time + (exists $with{seconds} ? $with{seconds} : 3600);
    $sql->('insert into um_sessions (id, user_id, user_version, created_at, expires_at, ends_at, token_hash)'
        . " select '$id', u.id, u.version, 1, $ends, $ends, '$hash' from um_users u where u.id = '$who->{id}'");
    return $token;
}

sub by {
    my ($scheme, $token, $path, @with) = @_;
    return get($path, headers => ["Authorization: $scheme $token"], @with);
}

# The status on a Location and on the API.
sub both {
    my ($who, $token, $scheme) = @_;
    return join ' ', map { by($scheme || 'Bearer', $token, $_)->{status} } '/p/hello.txt', "$USERS$who->{id}/";
}

my $alice = enrol('alice');
my $token = import_token($alice);

# ---- schemes -------------------------------------------------------------------------------------------------------

is(both($alice, $token), '200 200', 'an imported token is accepted by Bearer');
is(both($alice, $token, $_), '200 200', "it is accepted by $_") for 'Token', 'tOKEN';
is(both($alice, $alice->{token}, 'Token'), '200 200', 'a JWT is accepted by Token, too');
is(by('Bearer', $token, "$USERS$alice->{id}/")->{body}, profile_of($alice), 'the API answers the account');
is(challenge_of(get('/p/hello.txt')), '401 Bearer realm="here", Token realm="here"', 'a Location names both schemes');
is(challenge_of(by('Token', 'x', '/p/hello.txt')), '401 Bearer realm="here", error="invalid_token", '
    . 'error_description="The token is not valid, or not any more", Token realm="here"', 'also to a wrong token');
is(challenge_of(get("$USERS$alice->{id}/")), '401 Bearer realm="api", Token realm="api"', 'the API names both');
answer_is(by('Token', '', "$USERS$alice->{id}/"), 401, detail('Invalid token header. No credentials provided.'),
    'Token without a token');
answer_is(by('Token', 'a b', "$USERS$alice->{id}/"), 401,
    detail('Invalid token header. Token string should not contain spaces.'), 'Token with two words');
answer_is(by('Tokens', $token, "$USERS$alice->{id}/"), 401, detail('no_token'), 'a longer word is another scheme');
is(call(GET => "$USERS$alice->{id}/", port => $plain, headers => ["Authorization: Bearer $token"])->{status}, 200,
    'a host without the directive accepts the token by Bearer');
my $other = call(GET => "$USERS$alice->{id}/", port => $plain, headers => ["Authorization: Token $token"]);
answer_is($other, 401, detail('no_token'), 'but not by Token');
is("@{ $other->{head}{'www-authenticate'} }", 'Bearer realm="api"', 'and names Bearer alone');

# ---- wrong ones ----------------------------------------------------------------------------------------------------

for my $wrong ('0' x 40, uc $token, substr($token, 1), "${token}0", "$token=", 'f' x 40) {
    next if $wrong eq $token;
    is(both($alice, $wrong), '401 401', 'refused: ' . substr $wrong, -8);
}
answer_is(by('Bearer', '0' x 40, "$USERS$alice->{id}/"), 401, detail('bad_token'),
    'the text is that of any wrong token');
is(both($alice, import_token($alice, seconds => -1)), '401 401', 'an expired one is refused');
{
    my $short = import_token($alice, seconds => 2);
    is(both($alice, $short), '200 200', 'one that ends soon is accepted');
    ok(await(10, sub { both($alice, $short) eq '401 401' }), 'and refused after its end, also from the cache');
}
is(by('Bearer', $token, '/claim/hello.txt')->{status}, 401, 'an imported token has no claims');

# ---- other endpoints -----------------------------------------------------------------------------------------------

{
    my $answer = ask(POST => '/api-token-verify/', json => "{\"token\":\"$token\"}");
    answer_is($answer, 200, qr/\{"token":"$token","expires_in":3\d\d\d,.*/, 'it can be verified');
    my $sessions = by('Bearer', $token, "$USERS$alice->{id}/sessions/")->{body};
    unlike($sessions, qr/$token/, 'the list of sessions does not have it');
    like($sessions, qr/"id":"00000000-0000-7000-8000-000000000001"/, 'but its session');
}

# ---- the end -------------------------------------------------------------------------------------------------------

my %end = (
    'revoking it' => sub { ask(POST => '/api-token-revoke/', json => "{\"token\":\"$_[1]\"}") },
    'revoking it by Token' => sub { ask(POST => '/api-token-revoke/', headers => ["Authorization: Token $_[1]"]) },
    'ending all sessions' => sub { ask(DELETE => "$USERS$_[0]{id}/sessions/", token => $_[1]) },
    'a new password' => sub { ask(POST => "$USERS$_[0]{id}/", token => $_[1],
        json => qq({"old_password":"$_[0]{password}","new_password":"another $_[0]{password}"})) },
    'deleting the account' => sub { ask(DELETE => "$USERS$_[0]{id}/", token => $_[1]) },
);
for my $what (sort keys %end) {
    my $who = enrol('end' . ++$number);
    my $its = import_token($who);
    is(both($who, $its), '200 200', "before $what");
    like($end{$what}->($who, $its)->{status}, qr/\A20/, "$what is done with it");
    is(both($who, $its), '401 401', "$what ends it at once");
}
{
    my $who = enrol('off');
    my $its = import_token($who);
    UmTest::output_of(UmTest::cli(), '--driver', $site->{database}{driver}, '--params', $site->{database}{params},
        'user', 'active', 'off', 'off');
    answer_is(by('Bearer', $its, "$USERS$who->{id}/"), 401, detail('gone_user'), 'switching the account off ends it');
}

# ---- numbers -------------------------------------------------------------------------------------------------------

my $staff = enrol('boss', staff => 1);
$sql->("update um_users set alias = '42' where id = '$alice->{id}'");
answer_is(get("${USERS}42/", token => $alice->{token}), 200, profile_of($alice), 'the number stands for the id');
answer_is(get("${USERS}42", token => $alice->{token}), 200, profile_of($alice), 'also without the slash');
is(get("${USERS}42/sessions/", token => $alice->{token})->{status}, 200, 'below it as well');
is(ask(PATCH => "${USERS}42/", token => $alice->{token}, json => '{"first_name":"Ann"}')->{status}, 200,
    'and to change');
is(get("${USERS}42/", token => $staff->{token})->{status}, 200, 'staff finds the account by it');
answer_is(get("${USERS}$_/", token => $alice->{token}), 404, detail('not_found'), "nobody has $_")
    for '43', '042', '0', '-1', '42x', '9' x 19, '9' x 20, '9' x 300;
answer_is(get("${USERS}42/", token => import_token($staff)), 200, qr/.*"first_name":"Ann".*/,
    'with an imported token, too');
my $bob = enrol('bob');
answer_is(get("${USERS}42/", token => $bob->{token}), 404, detail('not_found'), 'the number of another account');
is(get("${USERS}42/")->{status}, 401, 'no token');

unlike($site->{server}->log, qr/\Q$token\E/, 'no token is in the log');
ok(!$sql->("select count(*) from um_sessions where token_hash like '%$token%'"), 'nor in the database');
api_done();
