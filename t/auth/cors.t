#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# UserMgmtCORS: the headers that let a page of another site read an answer, with the lines of docs/directives.md.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmLocations;
use UmServer;
use UmTest ();

my ($LINES) = UmTest::slurp(UmTest::sources() . '/docs/directives.md') =~ /^## UserMgmtCORS\n.*?^```apache\n(.*?)^```\n/ms
    or die "docs/directives.md has no lines for UserMgmtCORS\n";
my $APP = 'https://app.example.org';
my $PARTNER = 'https://partner.example.net:8443';

my $anybody = free_port();
my $silent = free_port();
my $site = locations(<<"END");
$LINES
Alias /in \${pages}/files
Alias /open \${pages}/files
Alias /shut \${pages}/files
Alias /errors \${pages}/files
<LocationMatch "^/(?:in|shut|app)(?:/|\$)">
    AuthType Bearer
    AuthName here
    Require valid-user
    AuthzSendForbiddenOnFailure On
</LocationMatch>
<Location /shut>
    Require user nobody.at.all
    AuthMerging Off
    ErrorDocument 403 /errors/hello.txt
</Location>
<Location /in/cookie>
    UserMgmtTokenSource cookie
</Location>
<Location /app>
    ProxyPass \${back}/
    Header always set Access-Control-Allow-Origin "https://other.example"
    Header set Access-Control-Allow-Origin "https://other.example"
    Header set Access-Control-Allow-Credentials "true"
</Location>
<Location /.well-known/>
    Header always set Access-Control-Allow-Origin "https://other.example"
</Location>
Listen 127.0.0.1:$anybody
<VirtualHost 127.0.0.1:$anybody>
    UserMgmt On
    UserMgmtCORS *
    Alias /in \${pages}/files
    <Location /in>
        AuthType Bearer
        AuthName here
        Require valid-user
    </Location>
</VirtualHost>
Listen 127.0.0.1:$silent
<VirtualHost 127.0.0.1:$silent>
    UserMgmt On
    UserMgmtCORS none
</VirtualHost>
END
my $me = enrol('alice');
my $T = $me->{token};
my $USER = "$USERS$me->{id}/";

# What a browser checks, as one line: status, allowed origin, credentials.
sub seen {
    my ($answer) = @_;
    my $head = $answer->{head};
    return join ' ', $answer->{status}, map { join '+', @{ $head->{"access-control-allow-$_"} || ['-'] } }
        qw(origin credentials);
}

sub vary { return join ', ', @{ $_[0]{head}{vary} || [] } }

sub exposes {
    my ($answer) = @_;
    my $all = join ',', @{ $answer->{head}{'access-control-expose-headers'} || [] };
    return $all =~ /WWW-Authenticate, Retry-After, ETag, Location, X-Request-Id/ ? 1 : 0;
}

# A request to any host of the server.
sub at {
    my ($port, $method, $path, %with) = @_;
    return call($method => $path, %with, port => $port, any => 1);
}

sub preflight {
    my ($path, $origin, $method, $port) = @_;
    return at($port || $site->{server}{port}, OPTIONS => $path, headers => ["Origin: $origin",
        "Access-Control-Request-Method: $method",
        'Access-Control-Request-Headers: authorization, content-type, if-match']);
}

# ---- preflights ------------------------------------------------------------------------------------------------------

for my $row (['/in/hello.txt', 'GET', 'GET'], ['/in/x', 'PROPFIND', 'PROPFIND'], ['/shut/hello.txt', 'POST', 'POST'],
    ['/app/x', 'DELETE', 'DELETE'], [$USER, 'PATCH', 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS'],
    [$USERS, 'POST', 'GET, POST, HEAD, OPTIONS'], [$TOKEN, 'POST', 'POST, OPTIONS'], ['/api/v1/users/x/y/z/', 'GET', 'GET']) {
    my ($path, $method, $allowed) = @$row;
    for my $origin ($APP, $PARTNER) {
        my $answer = preflight($path, $origin, $method);
        is(seen($answer), "204 $origin " . ($origin eq $APP ? 'true' : '-'),
            "a preflight of $origin for $method $path");
        is_deeply($answer->{head}{'access-control-allow-methods'}, [$allowed],
            'a preflight answers the allowed methods');
        is_deeply($answer->{head}{'access-control-allow-headers'}, ['authorization, content-type, if-match'],
            'a preflight answers the allowed headers');
        like(vary($answer), qr/\bOrigin\b/, 'a preflight varies with the origin');
        is($answer->{body}, '', 'a preflight has no body');
    }
    unlike(seen(preflight($path, $_, $method)), qr/http|204/, "$path: none for $_") for 'https://evil.example',
        'http://app.example.org', 'https://app.example.org.evil.example', 'https://app.example.org:8443', 'null', '*';
}
is(seen(preflight('/in/hello.txt', $APP, 'GET', $silent)), '401 - -', 'a host with none answers no preflight');
is(seen(preflight($USER, $APP, 'PATCH', $silent)), '200 - -', 'a preflight of another site allows nothing');
is(seen(preflight('/open/hello.txt', $APP, 'GET')), '200 - -',
    'the module does not change a page without AuthType Bearer');
is(seen(ask(OPTIONS => '/in/hello.txt', headers => ["Origin: $APP"])), "401 $APP true",
    'OPTIONS that is no preflight needs a token');
is(preflight('/in/hello.txt', $APP, 'G<T')->{status}, 401,
    'a preflight for a malformed method is not answered as a preflight');
is(preflight('/api-forward-auth/', $APP, 'GET')->{status}, 401,
    'a preflight to /api-forward-auth/ is answered 401: 204 would mean that the token is valid');
is(preflight('/.well-known/jwks.json', 'https://evil.example', 'GET')->{status}, 204,
    'pages of any site may read the keys');

# ---- answers ---------------------------------------------------------------------------------------------------------

for my $row ([200, GET => '/in/hello.txt', token => $T], [401, GET => '/in/hello.txt'],
    [401, GET => '/in/hello.txt', token => 'x'], [404, GET => '/in/none', token => $T],
    [403, GET => '/shut/hello.txt', token => $T], [200, GET => '/app/x', token => $T], [401, GET => '/app/x'],
    [200, GET => $USER, token => $T], [401, GET => $USER], [404, GET => "${USERS}x/", token => $T], [405, GET => $TOKEN],
    [400, POST => $TOKEN, json => '{}'], [404, GET => '/api/v1/users/%2F'], [406, GET => $USER, token => $T,
        headers => ['Accept: image/png']], [304, GET => $USER, token => $T, headers => ['If-None-Match: *']],
    [200, OPTIONS => $USER]) {
    my ($status, $method, $path, %with) = @$row;
    my @headers = @{ delete $with{headers} || [] };
    for my $origin ($APP, $PARTNER) {
        my $answer = ask($method => $path, %with, headers => ["Origin: $origin", @headers]);
        is(seen($answer), "$status $origin " . ($origin eq $APP ? 'true' : '-'), "$method $path: $status for $origin");
        ok(exposes($answer), 'the answer exposes the headers that scripts need');
    }
    for my $origin ('https://evil.example', 'null') {
        my $answer = ask($method => $path, %with, headers => ["Origin: $origin", @headers]);
        is(seen($answer), "$status - -", "$method $path: not for $origin");
        like(vary($answer), qr/\bOrigin\b/, 'the answer varies with the origin');
    }
    my $answer = ask($method => $path, %with, headers => \@headers);
    is(seen($answer), "$status - -", 'a request without an origin gets no CORS headers');
    like(vary($answer), qr/\bOrigin\b/, 'an answer without CORS headers varies with the origin, too');
}
is(seen(get('/open/hello.txt', headers => ["Origin: $APP"])), '200 - -',
    'a page without AuthType Bearer gets no CORS headers');

# ---- cookies, anybody, keys ------------------------------------------------------------------------------------------

is(seen(get('/in/cookie', headers => ["Origin: $APP"])), "401 $APP true", 'a cookie of a trusted origin');
is(seen(get('/in/cookie', headers => ["Origin: $PARTNER"])), "401 $PARTNER -",
    'another origin may not send credentials');
for my $row ([200, '/in/hello.txt', token => $T], [401, '/in/hello.txt'], [200, $USER, token => $T], [401, $USER]) {
    my ($status, $path, %with) = @$row;
    for my $origin ('https://evil.example', 'null', $APP) {
        is(seen(at($anybody, GET => $path, %with, headers => ["Origin: $origin"])), "$status * -",
            "for anybody: $path, $status, $origin");
    }
}
is(seen(preflight('/in/hello.txt', 'https://evil.example', 'GET', $anybody)), '204 * -', 'a preflight of anybody');
for my $port ($site->{server}{port}, $anybody, $silent) {
    for my $origin ('https://evil.example', $APP) {
        is(seen(at($port, GET => '/.well-known/jwks.json', headers => ["Origin: $origin"])), '200 * -',
            "the keys are for anybody: $origin");
    }
}
is(seen(at($silent, GET => $USER, token => $T, headers => ["Origin: $APP"])), '200 - -',
    'a host without the directive');
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
