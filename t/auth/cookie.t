#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Tokens in cookies: how they are set, used and removed, and that no other site can use them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmServer;

my $site = locations(<<'END');
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
my $OWN = 'Origin: http://localhost';
my $FOREIGN = '403 {"detail":"CSRF check failed."}';
my $NEW = 'Red-House?38';

# Registers an account and signs in with "cookie": true. Returns the account with its cookie.
my $enrolled = 0;
sub alice {
    my $name = 'alice' . ++$enrolled;
    my $account = { %{ enrol($name) }, username => $name };
    my $answer = sign_in($account, ',"cookie":true', $OWN);
    ($account->{cookie}) = ($answer->{head}{'set-cookie'}[0] || '') =~ /\Atok=([\w.-]+);/
        or die "no cookie for $name: $answer->{status} $answer->{body}\n";
    return { %$account, path => "$USERS$account->{id}/", header => "Cookie: x=1; tok=$account->{cookie}" };
}

# Signs in with additional fields and headers, and returns the answer.
sub sign_in {
    my ($account, $more, @headers) = @_;
    return ask(POST => $TOKEN, headers => \@headers,
        json => qq({"username":"$account->{username}","password":"$account->{password}"$more}));
}

sub short { return "$_[0]{status} $_[0]{body}" }

# ---- set -------------------------------------------------------------------------------------------------------------

case 'signing in sets a cookie when the body asks for it' => sub {
    my $me = alice();
    my $answer = sign_in($me, ',"cookie":true', $OWN);
    is(short($answer), '200 {"status":"OK","expires_in":86400}', 'signing in for a cookie answers without a token');
    like($answer->{head}{'set-cookie'}[0], qr/\Atok=[\w.-]+; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax\z/,
        'signing in for a cookie sets it') or diag explain $answer->{head};
    unlike($answer->{body}, qr/eyJ/, 'no script can read the token in the body');
    like(sign_in($me, ',"cookie":false')->{body}, qr/"token":"eyJ/, 'with "cookie": false the body has the token');
    ok(!sign_in($me, '')->{head}{'set-cookie'}, 'signing in without "cookie" sets none');
    is(short(ask(POST => $TOKEN, form => "username=$me->{username}&password=$me->{password}&cookie=true",
        headers => [$OWN])), '200 {"status":"OK","expires_in":86400}', 'a form can ask for a cookie, too');
    like(ask(OPTIONS => $TOKEN)->{body}, qr/"cookie":\{"type":"boolean","required":false/,
        'OPTIONS describes the member "cookie"');
};

case 'a faulty request for a cookie is refused' => sub {
    my $me = alice();
    answer_is(sign_in($me, ",\"cookie\":$_", $OWN), 400, '{"cookie":["Must be a valid boolean."]}',
        "\"cookie\": $_ is no boolean") for '1', 'null', '"yes"', '[]';
    is(short(sign_in({ %$me, password => 'wrong' }, ',"cookie":true', $OWN)),
        '400 {"non_field_errors":["Unable to log in with provided credentials."]}', 'a wrong password gets no cookie');
};

case 'a page of another site gets no cookie' => sub {
    my $me = alice();
    for my $headers ([], ['Origin: null'], ['Origin: http://evil.example'], ['Sec-Fetch-Site: cross-site'],
        ['Sec-Fetch-Site: same-site', 'Origin: http://evil.localhost'],
        ['Referer: http://evil.example/http://localhost/'],
        ['Origin: http://evil.example', 'Referer: http://localhost/'], ['Cookie: tok=x']) {
        is(short(sign_in($me, ',"cookie":true', @$headers)), $FOREIGN,
            'no cookie is set for a request with ' . (join(', ', @$headers) || 'no header about its origin'));
    }
};

# ---- used ------------------------------------------------------------------------------------------------------------

case 'a Location takes the cookie that it is configured for' => sub {
    my $me = alice();
    is(get('/shut/hello.txt', headers => [$me->{header}])->{body}, $HELLO,
        'a Location with the source cookie takes it');
    is(get('/header/hello.txt', headers => [$me->{header}])->{status}, 401, 'a Location without that source does not');
    is(get('/named/hello.txt', headers => ["Cookie: other=$me->{cookie}"])->{body}, $HELLO,
        'a Location with the source cookie=other takes the cookie of that name');
    is(get('/named/hello.txt', headers => [$me->{header}])->{status}, 401,
        'a Location with the source cookie=other does not take the usual cookie');
    is(get('/shut/hello.txt', headers => ["Cookie: __Host-tok=$me->{cookie}"])->{status}, 401,
        'without TLS a cookie with the prefix __Host- is not taken');
};

case 'the API takes the cookie unless there is an Authorization header' => sub {
    my $me = alice();
    is(get($me->{path}, headers => [$me->{header}])->{status}, 200, 'the API takes the cookie');
    is(get($me->{path}, headers => [$me->{header}, "Authorization: $_"])->{status}, 401,
        "the API looks at the header alone when there is Authorization: $_") for 'Bearer x', 'Basic eDp5';
    is(get($me->{path}, headers => ['Cookie: tok=x'])->{status}, 401, 'the API refuses a bad cookie');
};

# ---- the CSRF check --------------------------------------------------------------------------------------------------

# Whether the check accepts a request that can change something with these headers.
my @origins = (
    [0], [1, 'Sec-Fetch-Site: same-origin'], [1, 'Sec-Fetch-Site: none'], [0, 'Sec-Fetch-Site: same-site'],
    [0, 'Sec-Fetch-Site: cross-site'], [0, 'Sec-Fetch-Site: Same-Origin, none'],
    [1, 'Origin: http://localhost'], [1, 'Origin: https://localhost'], [1, 'Origin: http://LOCALHOST:80'],
    [0, 'Origin: http://localhost:8080'], [0, 'Origin: http://localhost.evil.example'],
    [0, 'Origin: http://xlocalhost'],
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
);

case 'a cookie counts only with a request of this site or a trusted one' => sub {
    my $me = alice();
    for my $row (@origins) {
        my ($good, @headers) = @$row;
        my $name = ($good ? 'accepts' : 'refuses') . ' a request with ' . (join(', ', @headers) || 'no such header');
        is(ask(POST => '/app/x', headers => [$me->{header}, @headers])->{status}, $good ? 200 : 403,
            "a Location $name");
        my $api = ask(PATCH => $me->{path}, json => '{"first_name":"F"}', headers => [$me->{header}, @headers]);
        is($good ? $api->{status} : short($api), $good ? 200 : $FOREIGN, "the API $name");
    }
    is(ask(POST => '/app/x', token => $me->{cookie},
        headers => [$me->{header}, 'Origin: http://evil.example'])->{status}, 200,
        'a token in the Authorization header needs no origin');
};

case 'the origin is asked for with methods that change something, and for WebSockets' => sub {
    my $me = alice();
    is(ask($_ => '/app/x', headers => [$me->{header}])->{status}, 403, "$_ without an origin is refused")
        for qw(POST PUT PATCH DELETE PROPFIND MOVE LOCK FOO get);
    is(ask($_ => '/app/x', headers => [$me->{header}])->{status}, 200, "$_ without an origin is accepted")
        for qw(GET HEAD OPTIONS);
    for my $row ([403], [403, 'Origin: http://evil.example'], [200, 'Origin: http://localhost']) {
        my ($status, @origin) = @$row;
        is(get('/app/x', headers => [$me->{header}, 'Upgrade: websocket', 'Connection: Upgrade', @origin])->{status},
            $status, "a WebSocket is answered $status with " . (join(', ', @origin) || 'no origin'));
    }
};

# ---- over TLS, which a proxy ends ------------------------------------------------------------------------------------

case 'with TLS the cookie has the prefix __Host-' => sub {
    my $me = alice();
    my $tls = UmServer->start($site->{database}, UmLocations::module_lines() . <<"END");

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
    my $in = call(POST => $TOKEN, headers => ['Origin: https://localhost'], port => $tls->{port}, any => 1,
        json => qq({"username":"$me->{username}","password":"$me->{password}","cookie":true}));
    my ($value) = ($in->{head}{'set-cookie'}[0] || '') =~
        /\A__Host-tok=(.*); Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure\z/;
    ok($value, 'with TLS the cookie is set for this host alone') or diag explain $in;
    my $there = sub { call(GET => '/shut/hello.txt', headers => ["Cookie: $_[0]=$value"], port => $tls->{port},
        any => 1)->{status} };
    is($there->('__Host-tok'), 200, 'the cookie with the prefix is taken');
    is($there->('tok'), 401, 'a cookie without the prefix is not taken: a page of another host could have set it');
    is(call(POST => $TOKEN, headers => ['Origin: http://localhost'], port => $tls->{port}, any => 1,
        json => qq({"username":"$me->{username}","password":"x","cookie":true}))->{status}, 403,
        'an origin without TLS is another site');
    $tls->stop;
};

# ---- removed ---------------------------------------------------------------------------------------------------------

case 'changing the password and signing out replace and remove the cookie' => sub {
    my $me = alice();
    my $change = ask(POST => $me->{path}, headers => [$me->{header}, $OWN],
        json => qq({"old_password":"$me->{password}","new_password":"$NEW"}));
    is($change->{status}, 200, 'a request with the cookie can change the password');
    unlike($change->{body}, qr/"token"/, 'the answer to the change has no token in its body');
    my ($next) = ($change->{head}{'set-cookie'}[0] || '') =~ /\Atok=([\w.-]+);/;
    ok($next && $next ne $me->{cookie}, 'the answer to the change sets another cookie');
    is(get('/shut/hello.txt', headers => [$me->{header}])->{status}, 401,
        'the cookie from before the change is refused');
    is(get('/shut/hello.txt', headers => ["Cookie: tok=$next"])->{status}, 200, 'the new cookie is accepted');

    my @revoke = (POST => '/api-token-revoke/');
    is(short(ask(@revoke, headers => ["Cookie: tok=$next"])), $FOREIGN, 'a page of another site cannot sign out');
    my $out = ask(@revoke, headers => ["Cookie: tok=$next", $OWN]);
    is(short($out), '200 {"status":"OK"}', 'a page of this site signs out');
    is($out->{head}{'set-cookie'}[0], 'tok=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
        'signing out removes the cookie');
    is(get('/shut/hello.txt', headers => ["Cookie: tok=$next"])->{status}, 401, 'signing out revokes the token');
    $out = ask(@revoke, headers => ["Cookie: tok=$next", $OWN]);
    is("$out->{status} " . ($out->{head}{'set-cookie'} ? 'removed' : ''), '200 removed',
        'signing out removes a cookie whose token is no longer valid');
    unlike($site->{server}->log, qr/\Q$me->{cookie}\E|\Q$next\E/, 'no token is in the log');
};

is($site->{server}->crashes, '', 'no process of the server crashed');
cases_done();
