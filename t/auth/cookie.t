#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Tokens in cookies: how they are set, used and taken away, and that no other site can make use of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmPlaces;
use UmServer;

my $site = places(<<'END');
UserMgmtCookie tok
UserMgmtTrustedOrigin https://front.example.org http://other.example.org:8080
Alias /shut ${pages}/files
Alias /named ${pages}/files
Alias /header ${pages}/files
<LocationMatch "^/(?:shut|named|header|app)/">
    AuthType Bearer
    AuthName here
    Require valid-user
</LocationMatch>
<Location /shut/>
    UserMgmtTokenSource header cookie
</Location>
<Location /named/>
    UserMgmtTokenSource cookie=other
</Location>
<Location /app/>
    UserMgmtTokenSource header cookie
    ProxyPass ${back}/
</Location>
END
my $me = enrol('alice');
my $PASSWORD = $me->{password};
my $OWN = 'Origin: http://localhost';
my $FOREIGN = '403 {"detail":"CSRF check failed."}';

sub sign_in {
    my ($more, @headers) = @_;
    return ask(POST => $TOKEN, json => qq({"username":"alice","password":"$PASSWORD"$more}), headers => \@headers);
}

sub short { return "$_[0]{status} $_[0]{body}" }

# ---- set -------------------------------------------------------------------------------------------------------------

my $answer = sign_in(',"cookie":true', $OWN);
is(short($answer), '200 {"status":"OK","expires_in":86400}', 'signing in for a cookie tells no token');
my ($cookie) = ($answer->{head}{'set-cookie'}[0] || '') =~
    /\Atok=([\w.-]+); Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax\z/;
ok($cookie, 'but sets it') or diag explain $answer->{head};
unlike($answer->{body}, qr/eyJ/, 'no script sees it');
like(sign_in(',"cookie":false')->{body}, qr/"token":"eyJ/, 'without it is as ever');
ok(!sign_in('')->{head}{'set-cookie'}, 'and nothing is set');
answer_is(sign_in(",\"cookie\":$_", $OWN), 400, '{"cookie":["Must be a valid boolean."]}', "cookie: $_")
    for '1', 'null', '"yes"', '[]';
is(short(ask(POST => $TOKEN, form => "username=alice&password=$PASSWORD&cookie=true", headers => [$OWN])),
    '200 {"status":"OK","expires_in":86400}', 'a form can say it, too');
is(short(sign_in(',"cookie":true', @$_)), $FOREIGN, 'no cookie for ' . (join(', ', @$_) || 'nobody knows whom'))
    for [], ['Origin: null'], ['Origin: http://evil.example'], ['Sec-Fetch-Site: cross-site'],
        ['Sec-Fetch-Site: same-site', 'Origin: http://evil.localhost'], ['Referer: http://evil.example/http://localhost/'],
        ['Origin: http://evil.example', 'Referer: http://localhost/'], ['Cookie: tok=x'];
is(short(ask(POST => $TOKEN, json => '{"username":"alice","password":"wrong","cookie":true}', headers => [$OWN])),
    '400 {"non_field_errors":["Unable to log in with provided credentials."]}', 'a wrong password');
like(ask(OPTIONS => $TOKEN)->{body}, qr/"cookie":\{"type":"boolean","required":false/, 'OPTIONS tells of it');

# ---- used ------------------------------------------------------------------------------------------------------------

my $C = "Cookie: x=1; tok=$cookie";
is(get('/shut/hello.txt', headers => [$C])->{body}, $HELLO, 'a place that looks for it');
is(get('/header/hello.txt', headers => [$C])->{status}, 401, 'and one that does not');
is(get('/named/hello.txt', headers => ["Cookie: other=$cookie"])->{body}, $HELLO, 'one that looks for another');
is(get('/named/hello.txt', headers => [$C])->{status}, 401, 'has not this one');
is(get('/shut/hello.txt', headers => ["Cookie: __Host-tok=$cookie"])->{status}, 401, 'in clear text its name is plain');
is(get($me->{path} || "$USERS$me->{id}/", headers => [$C])->{status}, 200, 'the API takes it');
is(get("$USERS$me->{id}/", headers => [$C, 'Authorization: Bearer x'])->{status}, 401, 'unless there is a header');
is(get("$USERS$me->{id}/", headers => [$C, 'Authorization: Basic eDp5'])->{status}, 401, 'of whatever scheme');
is(get("$USERS$me->{id}/", headers => ['Cookie: tok=x'])->{status}, 401, 'a bad one is refused');

# ---- by whom ---------------------------------------------------------------------------------------------------------

for my $row (
    [0], [1, 'Sec-Fetch-Site: same-origin'], [1, 'Sec-Fetch-Site: none'], [0, 'Sec-Fetch-Site: same-site'],
    [0, 'Sec-Fetch-Site: cross-site'], [0, 'Sec-Fetch-Site: Same-Origin, none'],
    [1, 'Origin: http://localhost'], [1, 'Origin: https://localhost'], [1, 'Origin: http://LOCALHOST:80'],
    [0, 'Origin: http://localhost:8080'], [0, 'Origin: http://localhost.evil.example'], [0, 'Origin: http://xlocalhost'],
    [0, 'Origin: null'], [0, 'Origin:'], [0, 'Origin: localhost'], [0, 'Origin: http://localhost/'],
    [0, 'Origin: http://localhost http://evil.example'], [0, 'Origin: http://localhost', 'Origin: http://evil.example'],
    [0, 'Origin: http://evil@localhost'], [0, 'Origin: ftp://localhost'],
    [1, 'Origin: https://front.example.org'], [1, 'Origin: https://front.example.org:443'],
    [0, 'Origin: http://front.example.org'], [0, 'Origin: https://front.example.org:8443'],
    [1, 'Origin: http://other.example.org:8080'], [0, 'Origin: http://other.example.org'],
    [1, 'Sec-Fetch-Site: cross-site', 'Origin: https://front.example.org'],
    [1, 'Referer: http://localhost/page?x'], [0, 'Referer: http://evil.example/'], [0, 'Referer: /page'],
    [0, 'Referer: http://localhost.evil.example/'], [0, 'Referer: http://evil.example?http://localhost/'],
    [0, 'Referer: http://evil@localhost/'], [0, 'Origin: http://evil.example', 'Referer: http://localhost/'],
) {
    my ($good, @headers) = @$row;
    my $name = join(', ', @headers) || 'nothing';
    is(ask(POST => '/app/x', headers => [$C, @headers])->{status}, $good ? 200 : 403, "a place: $name");
    my $api = ask(PATCH => "$USERS$me->{id}/", json => '{"first_name":"F"}', headers => [$C, @headers]);
    is($good ? $api->{status} : short($api), $good ? 200 : $FOREIGN, "the API: $name");
}
is(ask(POST => '/app/x', token => $cookie, headers => [$C, 'Origin: http://evil.example'])->{status}, 200,
    'a token in the header needs no origin');
my @unsafe = qw(POST PUT PATCH DELETE PROPFIND MOVE LOCK FOO get);
is(ask($_ => '/app/x', headers => [$C])->{status}, 403, "$_ is asked") for @unsafe;
is(ask($_ => '/app/x', headers => [$C])->{status}, 200, "$_ is not") for qw(GET HEAD OPTIONS);
is(get('/app/x', headers => [$C, 'Upgrade: websocket', 'Connection: Upgrade', @$_[1 .. $#$_]])->{status}, $_->[0],
    "a WebSocket, @$_[1 .. $#$_]") for [403], [403, 'Origin: http://evil.example'], [200, 'Origin: http://localhost'];

# ---- over TLS, which a proxy ends ------------------------------------------------------------------------------------

{
    my $tls = UmServer->start($site->{database}, UmPlaces::module_lines() . <<"END");

TypesConfig $site->{pages}/types
ServerName https://localhost
UserMgmtCookie tok
Alias /shut $site->{pages}/files
<Location /shut/>
    AuthType Bearer
    AuthName here
    Require valid-user
    UserMgmtTokenSource cookie
</Location>
END
    my $in = call(POST => $TOKEN, json => qq({"username":"alice","password":"$PASSWORD","cookie":true}),
        headers => ['Origin: https://localhost'], port => $tls->{port}, any => 1);
    my ($value) = ($in->{head}{'set-cookie'}[0] || '') =~
        /\A__Host-tok=(.*); Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure\z/;
    ok($value, 'over TLS it is this host\'s alone') or diag explain $in;
    my $there = sub { call(GET => '/shut/hello.txt', headers => ["Cookie: $_[0]=$value"], port => $tls->{port},
        any => 1)->{status} };
    is($there->('__Host-tok'), 200, 'and has that name');
    is($there->('tok'), 401, 'and no other, which somebody else could have set');
    is(call(POST => $TOKEN, json => '{"username":"alice","password":"x","cookie":true}',
        headers => ['Origin: http://localhost'], port => $tls->{port}, any => 1)->{status}, 403,
        'a page in clear text is no page of this site');
    $tls->stop;
}

# ---- taken away ------------------------------------------------------------------------------------------------------

my $change = ask(POST => "$USERS$me->{id}/", headers => [$C, $OWN],
    json => qq({"old_password":"$PASSWORD","new_password":"Red-House?38"}));
is($change->{status}, 200, 'a new password by cookie');
unlike($change->{body}, qr/"token"/, 'tells no token');
my ($next) = ($change->{head}{'set-cookie'}[0] || '') =~ /\Atok=([\w.-]+);/;
ok($next && $next ne $cookie, 'but sets the next');
is(get('/shut/hello.txt', headers => [$C])->{status}, 401, 'the old one is dead');
is(get('/shut/hello.txt', headers => ["Cookie: tok=$next"])->{status}, 200, 'the next is good');

my $out = ask(POST => '/api-token-revoke/', headers => ["Cookie: tok=$next"]);
is(short($out), $FOREIGN, 'nobody else signs people out');
$out = ask(POST => '/api-token-revoke/', headers => ["Cookie: tok=$next", $OWN]);
is(short($out), '200 {"status":"OK"}', 'signing out');
is($out->{head}{'set-cookie'}[0], 'tok=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax', 'takes the cookie away');
is(get('/shut/hello.txt', headers => ["Cookie: tok=$next"])->{status}, 401, 'and its token');
$out = ask(POST => '/api-token-revoke/', headers => ["Cookie: tok=$next", $OWN]);
is("$out->{status} " . ($out->{head}{'set-cookie'} ? 'gone' : ''), '200 gone', 'a dead one is taken away as well');
unlike($site->{server}->log, qr/\Q$cookie\E|\Q$next\E/, 'no token is in the log');
is($site->{server}->crashes, '', 'nothing crashed');

done_testing();
