#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Which identity applications get, what is hidden from them, and that no client can forge it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Test::More;
use UmApi;
use UmLocations;
use UmServer;
use UmTest ();

sub files {
    my ($pages) = @_;
    UmTest::spew("$pages/files/in.shtml",
        '<!--#include virtual="/app/on/inner" -->====<!--#include virtual="/open/inner" -->');
    UmTest::spew("$pages/files/env.shtml", '<!--#include virtual="/cgi/env" -->');
    return;
}

my $site = locations(<<'END', files => \&files);
<Directory ${pages}/files>
    Options +Includes
    AddOutputFilter INCLUDES shtml
</Directory>
Alias /files ${pages}/files
Alias /shut ${pages}/files
ScriptAlias /pcgi ${pages}/cgi
<LocationMatch "^/(?:pcgi|shut|app|pass|on)(?:/|$)">
    AuthType Bearer
    AuthName here
    Require valid-user
</LocationMatch>
<Location /app>
    UserMgmtTokenSource header cookie=tok query=t
    ProxyPass ${back}/
</Location>
<Location /pass>
    AuthType Basic
    AuthBasicProvider usermgmt
    UserMgmtIdentityHeaders id username email groups staff
    ProxyPass ${back}/
</Location>
<LocationMatch "^/(?:app|pass)/bearer">
    UserMgmtAuthorization bearer
</LocationMatch>
<LocationMatch "^/(?:app|pass)/drop">
    UserMgmtAuthorization drop
</LocationMatch>
<Location /app/usual>
    UserMgmtIdentityHeaders On
</Location>
<Location /app/some>
    UserMgmtIdentityHeaders Username STAFF
</Location>
<Location /app/on>
    UserMgmtIdentityHeaders id username email groups staff
</Location>
<Location /app/text>
    UserMgmtAuthorization "Basic c2VydmVyOnNlY3JldA=="
</Location>
<Location /open>
    ProxyPass ${back}/
</Location>
<Location /open/drop>
    UserMgmtTokenSource header cookie=tok query=t
    UserMgmtAuthorization drop
</Location>
ProxyPass /nocanon ${back}/ nocanon
<Location /nocanon>
    UserMgmtTokenSource query=t
    UserMgmtAuthorization drop
</Location>
RewriteEngine On
RewriteRule ^/rewritten(.*) ${back}$1 [P,QSA]
<Location /rewritten>
    UserMgmtTokenSource query=t
    UserMgmtAuthorization drop
</Location>
<Location /on>
    UserMgmtIdentityHeaders id username email groups staff
    UserMgmtAuthorization "Basic c2VydmVyOnNlY3JldA=="
    RewriteEngine On
    RewriteRule on/open /open/x
    RewriteRule on/cgi /pcgi/env [PT]
    RewriteRule on/free /cgi/env [PT]
    ErrorDocument 404 /open/error
</Location>
END
my $me = enrol('alice', groups => ['editors', 'others'], staff => 1);
my $other = enrol('Zoë');
my $T = $me->{token};
my $H = "Authorization: Bearer $T";

# The variables that are set, as NAME=value.
sub of {
    my ($answer, $pattern) = @_;
    my $told = told($answer);
    return join ' ', map { "$_=$told->{$_}" } sort grep { /$pattern/ } keys %$told;
}

# ---- the environment -------------------------------------------------------------------------------------------------

my $ENVIRONMENT = "USERMGMT_EMAIL=alice\@example.org USERMGMT_FIRST_NAME=First USERMGMT_GROUPS=editors,others "
    . "USERMGMT_ID=$me->{id} USERMGMT_LAST_NAME=Last USERMGMT_STAFF=1 USERMGMT_USERNAME=alice";
is(of(get('/pcgi/env', headers => [$H]), qr/\AUSERMGMT_/), $ENVIRONMENT, 'a program gets the identity of the caller');
is(of(get('/pcgi/env', headers => [$H]), qr/\A(?:REMOTE_USER|AUTH_TYPE)\z/), 'AUTH_TYPE=Bearer REMOTE_USER=alice',
    'the environment has REMOTE_USER and AUTH_TYPE');
is(of(get('/cgi/env', headers => [$H]), qr/USERMGMT|REMOTE_USER/), '',
    'an open page has no identity in its environment');
is(of(get('/on/cgi', headers => [$H]), qr/\AUSERMGMT_/), $ENVIRONMENT,
    'the environment has the identity after an internal redirect');
is(of(get('/on/free', headers => [$H]), qr/\AUSERMGMT_/), '',
    'an internal redirect to an open Location has no identity');
is(of(get('/files/env.shtml', headers => [$H]), qr/\AUSERMGMT_/), '', 'the parts of an open page have no identity');
is(of(get('/shut/env.shtml', headers => [$H]), qr/\AUSERMGMT_/), '',
    'open parts of a protected page have no identity');

# ---- headers for back ends -------------------------------------------------------------------------------------------

my $HEADERS = "HTTP_X_USERMGMT_EMAIL=alice\@example.org HTTP_X_USERMGMT_GROUPS=editors,others "
    . "HTTP_X_USERMGMT_ID=$me->{id} HTTP_X_USERMGMT_STAFF=1 HTTP_X_USERMGMT_USERNAME=alice";
is(of(get('/app/on', headers => [$H]), qr/USERMGMT/), $HEADERS, 'a back end gets the identity of the caller');
is(of(get('/app/off', headers => [$H]), qr/USERMGMT/), '', 'headers have the identity only where that is configured');
is(of(get('/app/usual', headers => [$H]), qr/USERMGMT/), $HEADERS =~ s/\S*GROUPS\S* //r,
    'UserMgmtIdentityHeaders On sends all but the groups');
is(of(get('/app/some', headers => [$H]), qr/USERMGMT/), 'HTTP_X_USERMGMT_STAFF=1 HTTP_X_USERMGMT_USERNAME=alice',
    'UserMgmtIdentityHeaders sends only the named headers');
# Names of 64 bytes, separated by commas: 61 of them fit into the header, 62 do not.
{
    my @groups = map { sprintf 'g%063d', $_ } 1 .. 62;
    my $full = enrol('mia', groups => [@groups[0 .. 60]]);
    my $over = enrol('noah', groups => \@groups);
    is(told(get('/app/on', token => $full->{token}))->{HTTP_X_USERMGMT_GROUPS}, join(',', @groups[0 .. 60]),
        'a long list of groups arrives as a whole');
    my $log = $site->{server}->mark;
    is(get('/app/on', token => $over->{token})->{status}, 500,
        'groups that do not fit into the header are answered 500');
    is(get('/on/open', token => $over->{token})->{status}, 200,
        'an internal redirect to a Location without the groups is answered 200');
    like(UmTest::wait_for($log, qr/UM431/, 10), qr/UM431: the names of the groups of $over->{id} take 4029 bytes/,
        'groups that do not fit into the header are logged');
    unlike(get('/app/on', token => $over->{token})->{body}, qr/g000/, 'no part of the groups is sent');
    is(get('/app/usual', token => $over->{token})->{status}, 200, 'a back end that gets no groups is served');
    is(told(get('/pcgi/env', token => $over->{token}))->{USERMGMT_GROUPS}, join(',', @groups),
        'the variable has all groups');
}
is(told(get('/app/on', token => $other->{token}))->{HTTP_X_USERMGMT_USERNAME}, 'Zoë', 'a name is sent in UTF-8');
is(of(get('/pass/x', headers => ['Authorization: Basic ' . encode_base64('alice:' . good_password(), '')]),
    qr/USERMGMT/), $HEADERS, 'the identity of a caller by password is sent in the same way');

# Control characters of a name become blanks, also those of C1 (in UTF-8): some programs read U+0085 as a line end.
{
    my $odd = enrol('carol');
    my $character = UmTest::database() eq 'pgsql' ? 'chr' : 'char';
    $site->{database}{sql}->("update um_users set username = 'ca' || " . join(' || ', map { "$character($_)" } 133, 128,
        159, 9, 127, 160, 233) . " || 'rol' where id = '$odd->{id}'");
    is(told(get('/app/on', token => $odd->{token}))->{HTTP_X_USERMGMT_USERNAME}, "ca        \xC2\xA0\xC3\xA9rol",
        'control characters are not sent');
}

# Whether a back end that folds names may take this name for an identity header.
my @forged = map { my $name = $_; map { ("$name: evil", "\U$name\E: evil", "\L$name\E: evil") } 1 }
    qw(X-Usermgmt-Id X_Usermgmt_Id X-Usermgmt_Username X_Usermgmt-Groups X-Usermgmt-Staff X-Usermgmt-Email
    X.Usermgmt.Id X~Usermgmt!Staff X-Usermgmt-Anything X-Usermgmt- X-Usermgmt-Id-);
for my $path ('/app/on', '/app/off', '/open/x') {
    my $want = $path eq '/app/on' ? $HEADERS : '';
    # This back end is a CGI program, for which httpd drops odd names. So the received bytes are checked below, too.
    is(of(get($path, headers => [$H, @forged]), qr/USERMGMT|evil/i), $want, "$path: forged headers are removed");
    is(of(get($path, headers => [$H, "Connection: $_"]), qr/USERMGMT/), $want, "$path: Connection: $_")
        for 'X-Usermgmt-Id', 'close, x-usermgmt-id , X_Usermgmt_Staff', 'X-Usermgmt-Username, X-Usermgmt-Groups, foo',
        'keep-alive,X-Usermgmt-Email';
}
is(of(get('/open/x', headers => ['Connection: X-Foo, X-Usermgmt-Id', 'X-Foo: 1', 'X-Bar: 2', 'X-User: 3',
    'XUsermgmt-Id: 4', 'X-Usermgmts: 5']), qr/\AHTTP_X(?!_FORWARDED)/),
    'HTTP_XUSERMGMT_ID=4 HTTP_X_BAR=2 HTTP_X_USER=3 HTTP_X_USERMGMTS=5', 'headers with similar names stay as they are');

# mod_proxy removes the headers that Connection names, also Authorization and Cookie that the module has set.
for my $names ('Authorization', 'close, authorization', 'Cookie,AUTHORIZATION ,X-Usermgmt-Id', 'Cookie, Cookies') {
    my $told = told(get('/app/text', headers => [$H, 'Cookie: a=b', "Connection: $names"]));
    is($told->{HTTP_AUTHORIZATION}, 'Basic c2VydmVyOnNlY3JldA==',
        "Connection: $names: the configured Authorization is sent");
    is($told->{HTTP_COOKIE}, 'a=b', "Connection: $names: cookies are sent");
    is(told(get('/app/bearer', headers => ["Cookie: tok=$T", "Connection: $names"]))->{HTTP_AUTHORIZATION}, "Bearer $T",
        "Connection: $names: the token is sent");
}

# A back end that answers with the bytes that it got.
{
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "listen: $!\n";
    my $port = $listener->sockport;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        $SIG{TERM} = 'DEFAULT';     # it stops no servers
        while (my $socket = $listener->accept) {
            my $text = '';
            1 while $text !~ /\r\n\r\n/ && sysread $socket, $text, 65536, length $text;
            syswrite $socket,
                "HTTP/1.1 200 OK\r\nContent-Length: " . length($text) . "\r\nConnection: close\r\n\r\n$text";
            close $socket;
        }
        POSIX::_exit(0);
    }
    close $listener;
    my $raw = UmServer->start($site->{database}, UmLocations::module_lines() . <<"END");

TypesConfig $site->{pages}/types
ProxyPass / http://127.0.0.1:$port/
ProxyPassMatch ^/api !
<Location />
    UserMgmtIdentityHeaders id username email groups staff
</Location>
END
    for my $method (qw(GET OPTIONS POST FOO)) {
        my $got = call($method => '/x', headers => ['X-A: 1', @forged, 'X-B: 2', 'Connection: X_Usermgmt_Id'],
            port => $raw->{port}, any => 1)->{body};
        like($got, qr/^X-A: 1\r$/m, "the request arrives at the back end: $method");
        is(join('|', $got =~ /^.*(?:usermgmt|evil).*$/gim), '', "$method: no byte of the forged headers arrives");
    }
    my $got = exchange(request_text(POST => '/x', headers => ['Transfer-Encoding: chunked', 'X-A: 1'])
        . "1\r\nx\r\n0\r\nX-Usermgmt-Id: evil\r\nX_Usermgmt_Groups: evil\r\n\r\n", answers => 1,
        socket => connection($raw->{port}));
    like($got, qr/^X-A: 1\r$/m, 'a body with a trailer arrives');
    is(join('|', $got =~ /^.*(?:usermgmt|evil).*$/gim), '', 'the trailer does not become a header');
    $raw->stop;
    kill TERM => $child;
    waitpid $child, 0;
}

# ---- Authorization, cookie, query ------------------------------------------------------------------------------------

my $COOKIE = "Cookie: a=1;b=2 ;  tok=$T; c=\"x; y\"; d";
my %rest = (forward => "a=1;b=2 ;  tok=$T; c=\"x; y\"; d", drop => 'a=1;b=2 ; c="x; y"; d');
for my $row (
    ['/app/x', "Bearer $T", $rest{forward}, "x=1&t=$T&y=a%20b"],
    ['/app/drop', undef, $rest{drop}, 'x=1&y=a%20b'],
    ['/app/bearer', "Bearer $T", $rest{forward}, "x=1&t=$T&y=a%20b"],
    ['/app/text', 'Basic c2VydmVyOnNlY3JldA==', $rest{drop}, 'x=1&y=a%20b'],
    ['/open/x', "Bearer $T", $rest{forward}, "x=1&t=$T&y=a%20b"],
    ['/open/drop', undef, $rest{drop}, 'x=1&y=a%20b'],
) {
    my ($path, $authorization, $cookie, $query) = @$row;
    my $told = told(get("$path?x=1&t=$T&y=a%20b", headers => [$H, $COOKIE]));
    is_deeply([@$told{qw(HTTP_AUTHORIZATION HTTP_COOKIE QUERY_STRING)}], [$authorization, $cookie, $query],
        "$path: what goes on");
}
is(told(get($_->[0], headers => ["Cookie: tok=$T"]))->{HTTP_AUTHORIZATION}, $_->[1], "$_->[0] with a cookie alone")
    for ['/app/x', undef], ['/app/drop', undef], ['/app/bearer', "Bearer $T"];
is(told(get("/app/bearer?t=$T"))->{HTTP_AUTHORIZATION}, "Bearer $T", 'a token from the query becomes a header');
for my $row (["tok=$T", undef], ["tok=$T; a=b", 'a=b'], ["a=b; tok=$T", 'a=b'], ["a=b; tok=$T;", 'a=b'],
    ['a=b; xtok=1; ', 'a=b; xtok=1;'], ["tok=$T; x=1; tok=$T; y=2", 'x=1; y=2'], ['tok', 'tok']) {
    is(told(get('/open/drop', headers => ["Cookie: $row->[0]"]))->{HTTP_COOKIE}, $row->[1],
        'cookies without that one: ' . $row->[0] =~ s/\Q$T\E/TOKEN/gr);
}
for my $row (["t=$T", ''], ["t=$T&a", 'a'], ["a&t=$T", 'a'], ["a&&t=$T&&b", 'a&&&b'], ['tt=1&t', 'tt=1&t']) {
    is(told(get("/$_?$row->[0]"))->{QUERY_STRING}, $row->[1], "$_: query without it: " . $row->[0] =~ s/\Q$T\E/TOKEN/gr)
        for qw(open/drop nocanon/x rewritten/x);
}
{
    my $basic = encode_base64('alice:' . good_password(), '');
    is(told(get('/pass/x', headers => ["Authorization: Basic $basic"]))->{HTTP_AUTHORIZATION}, "Basic $basic",
        'a password is forwarded as it came');
    is(told(get("/pass/$_", headers => ["Authorization: Basic $basic"]))->{HTTP_AUTHORIZATION}, undef,
        "the Basic header does not arrive at the back end: $_") for qw(bearer drop);
}

# ---- subrequests and internal redirects ------------------------------------------------------------------------------

is(of(get('/on/open', headers => [$H]), qr/USERMGMT|AUTHORIZATION/), "HTTP_AUTHORIZATION=Bearer $T",
    'an internal redirect has the headers of the client, and the target decides what is sent');
is(of(get('/on/none', headers => [$H]), qr/USERMGMT|AUTHORIZATION/), "HTTP_AUTHORIZATION=Bearer $T",
    'an ErrorDocument leaves the Authorization header as it is');
{
    my ($on, $open) = split /====/, get('/files/in.shtml', headers => [$H])->{body};
    is(of({ body => $on }, qr/USERMGMT/), $HEADERS, 'the back end of a protected part gets the identity');
    is(of({ body => $open }, qr/USERMGMT/), '', 'an open page has no identity headers');
}
is(get('/api/v1/users/' . $me->{id} . '/', headers => [$H])->{status}, 200, 'the API gets its Authorization header');
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
