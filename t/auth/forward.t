#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /api-forward-auth/: what other proxies are answered. nginx, HAProxy and Caddy run with the lines of
# docs/forward-auth.md, where they are installed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Test::More;
use UmApi;
use UmLocations;
use UmProgram;
use UmServer;
use UmTest ();

my $site = locations(<<'END');
UserMgmtCookie tok
<If "%{HTTP:X-Try} == 'groups'">
    UserMgmtIdentityHeaders groups username
</If>
<LocationMatch "^/(?:api-forward-auth|nothing)/">
    UserMgmtTokenSource header cookie
</LocationMatch>
# Looks at the token before the check does.
<If "%{HTTP:X-Look} == 'yes' && %{USERMGMT_ID} == 'nobody'">
    Require all denied
</If>
END
my $PORT = $site->{server}{port};
my $me = enrol('alice', groups => ['editors', 'büro']);
my $staff = enrol('bob', staff => 1);
my $T = $me->{token};
my $CHECK = '/api-forward-auth/';

sub shown {
    my ($answer) = @_;
    return join '|', $answer->{status}, map { @{ $answer->{head}{$_} || ['-'] } } qw(remote-user x-usermgmt-id
        x-usermgmt-username x-usermgmt-email x-usermgmt-groups x-usermgmt-staff);
}

my $ALICE = "alice|$me->{id}|alice|alice\@example.org|-|0";
is(shown(ask($_ => $CHECK, token => $T)), "204|$ALICE", "$_: who it is") for qw(GET HEAD POST PUT DELETE OPTIONS FOO);
is(shown(get($CHECK, token => $T, headers => ['Accept: image/png', 'Content-Type: x/y'])), "204|$ALICE",
    "headers of the proxy's client do not matter");
is(shown(get($CHECK, headers => ['X-Usermgmt-Id: evil', 'Remote-User: evil'])), '401|-|-|-|-|-|-',
    'forged identity headers do not matter');
is(shown(get($CHECK, token => $T, headers => ['X-Try: groups'])), '204|alice|-|alice|-|büro,editors|-',
    'UserMgmtIdentityHeaders selects the headers of the answer');
is(challenge_of(get($CHECK)), '401 Bearer realm="api"', 'a check without a token is answered 401');
is(challenge_of(get($CHECK, token => 'x')), '401 Bearer realm="api", error="invalid_token"',
    'a check with a bad token is answered 401 with invalid_token');
is(get($CHECK, headers => ["Authorization: Bearer $T", 'Authorization: Bearer x'])->{status}, 401,
    'a check with two Authorization headers is answered 401');
for my $row ([204, 'group=editors'], [204, 'group=b%C3%BCro'], [204, 'group=x&group=editors'], [403, 'group=x'],
    [403, 'group=x&group=Editors'], [403, 'staff=1'], [403, 'staff=1&group=editors'], [400, 'groups=editors'],
    [400, 'group='], [400, 'group'], [400, 'staff=0'], [400, 'staff'], [400, 'x=1'], [400, 'group=editors&x'],
    [400, 'group=%zz'], [204, '']) {
    is(get("$CHECK?$row->[1]", token => $T)->{status}, $row->[0], "the query '$row->[1]' is answered $row->[0]");
}
is(get("$CHECK?staff=1", token => $staff->{token})->{status}, 204, 'an account of the staff passes staff=1');
for my $row ([204, 'X-Forwarded-Method: GET'], [403], [403, 'X-Forwarded-Method: POST'],
    [204, 'X-Forwarded-Method: POST', 'Sec-Fetch-Site: same-origin'],
    [204, 'X-Forwarded-Method: POST', 'Origin: http://app.example.org', 'X-Forwarded-Host: app.example.org'],
    [403, 'X-Forwarded-Method: POST', 'Origin: http://localhost', 'X-Forwarded-Host: app.example.org'],
    [403, 'X-Forwarded-Method: POST', 'Origin: http://app.example.org', 'X-Forwarded-Host: app.example.org',
        'X-Forwarded-Proto: https'],
    # Values that the client sent come before those that the proxy has appended.
    [403, 'X-Forwarded-Method: GET, POST'], [204, 'X-Forwarded-Method: POST,GET'],
    [403, 'X-Forwarded-Method: GET', 'X-Forwarded-Method: POST'], [403, 'X-Forwarded-Method: GET,'],
    [403, 'X-Forwarded-Method: GET, '],
    [403, 'X-Forwarded-Method: POST', 'Origin: http://evil.example',
        'X-Forwarded-Host: evil.example, app.example.org'],
    [204, 'X-Forwarded-Method: POST', 'Origin: http://app.example.org',
        'X-Forwarded-Host: evil.example, app.example.org'],
    [403, 'X-Forwarded-Method: POST', 'Origin: http://localhost', 'X-Forwarded-Host: localhost,'],
    [403, 'X-Forwarded-Method: POST', 'Origin: http://app.example.org', 'X-Forwarded-Host: app.example.org',
        'X-Forwarded-Proto: http, https'],
    [403, 'X-Forwarded-Method: GET', 'Sec-WebSocket-Key: x', 'Origin: http://evil.example']) {
    my ($want, @headers) = @$row;
    is(get($CHECK, headers => ["Cookie: tok=$T", @headers])->{status}, $want, "a cookie, @headers");
    is(get($CHECK, headers => ["Cookie: tok=$T", 'X-Look: yes', @headers])->{status}, $want,
        "a cookie that an expression has looked at, @headers");
}

# The browser would not get new cookies, and its refresh token would be void.
{
    my $answer = ask(POST => $TOKEN, json => qq({"username":"alice","password":"$me->{password}","cookie":true}),
        headers => ['Sec-Fetch-Site: same-origin']);
    my ($refresh) = join("\n", @{ $answer->{head}{'set-cookie'} || [] }) =~ /^(tok-refresh=[^;]+)/m;
    ok($refresh, 'there is a session by cookie') or diag(explain($answer));
    for my $look ('X-Look: no', 'X-Look: yes') {
        $answer = get($CHECK, headers => ["Cookie: $refresh", $look]);
        is(join(' ', $answer->{status}, @{ $answer->{head}{'set-cookie'} || [] }), '401', "it is not renewed, $look");
    }
    like("@{ get('/nothing/', headers => [qq(Cookie: $refresh), 'X-Look: yes'])->{head}{'set-cookie'} || [] }",
        qr/\btok=eyJ/, 'elsewhere the same expression renews it');
}

# A proxy may forward the headers of a body and keep the body. The answer must not wait for it.
for my $method (qw(GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND)) {
    for my $body ('Content-Length: 100', "Content-Length: 100\r\nExpect: 100-continue", 'Transfer-Encoding: chunked') {
        for my $row ([204, '', "Authorization: Bearer $T"], [401, ''], [403, '?staff=1', "Authorization: Bearer $T"]) {
            my ($want, $query, @token) = @$row;
            my $bytes = exchange(request_text($method, $CHECK . $query, keep => 1, headers => [$body, @token]),
                quiet => 15, methods => [$method], answers => 1, socket => connection($PORT));
            my $answer = answers($bytes, [$method])->[0] || { status => 'none', head => {} };
            like(join(' ', $answer->{status}, @{ $answer->{head}{connection} || [] }), qr/\A$want .*\bclose\z/,
                "$method announces $body, " . ($query || 'no query'));
        }
    }
}

# ---- real proxies ----------------------------------------------------------------------------------------------------

# An application that answers with the headers that it got. A CGI program under httpd would not get all of these names.
my $app = do {
    my $listener = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!\n";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    while (!$child) {
        my $client = $listener->accept or next;
        local $/ = "\r\n";
        my @lines;
        while (defined(my $line = <$client>)) {
            last if $line eq "\r\n";
            push @lines, $line;
        }
        my $got = join '', @lines;
        read($client, my $body, $1) if $got =~ /^content-length: *(\d+)/mi;
        print {$client} "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ", length $got, "\r\n\r\n$got";
    }
    own_child($child);
    $listener->sockport;
};

# ---- the lines of docs/forward-auth.md, as printed -------------------------------------------------------------------

my $folder = UmTest::new_folder();
my $docs = UmTest::slurp(UmTest::sources() . '/docs/forward-auth.md');

# The fenced block after the paragraph that begins with this text, with the addresses of the test.
sub recipe {
    my ($paragraph, %put) = @_;
    my ($lines) = $docs =~ /^\Q$paragraph\E(?:[^\n]+\n)+\n```\w*\n(.*?)^```\n/ms
        or die "docs/forward-auth.md has no lines after '$paragraph'\n";
    %put = ('127.0.0.1:8080' => "127.0.0.1:$PORT", '127.0.0.1:9000' => "127.0.0.1:$app", %put);
    $lines =~ s/\Q$_\E/$put{$_}/g or $_ =~ /\A127/ or die "'$_' is not in the lines after '$paragraph'\n" for sort keys %put;
    return $lines;
}

# nginx with lines of its server.
sub nginx {
    my ($program, $port, $lines) = @_;
    UmTest::spew("$folder/nginx.conf", <<"END" . $lines . "}}\n");
daemon off;
pid $folder/nginx.pid;
events { }
http {
    access_log off;
    client_body_temp_path $folder/b; proxy_temp_path $folder/p; fastcgi_temp_path $folder/f;
    uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
    server {
        listen 127.0.0.1:$port;
END
    return launch($port, $program, '-p', $folder, '-c', "$folder/nginx.conf", '-e', "$folder/nginx.log");
}

my %proxy = (
    nginx => sub { return nginx(@_, recipe('**nginx**')) },
    caddy => sub {
        my ($program, $port) = @_;
        UmTest::spew("$folder/Caddyfile", "{\n    admin off\n    auto_https off\n}\n"
            . recipe('**Caddy**', 'www.example.org {' => "http://localhost:$port {\n    bind 127.0.0.1"));
        return launch($port, $program, 'run', '--config', "$folder/Caddyfile", '--adapter', 'caddyfile');
    },
    haproxy => sub {
        my ($program, $port) = @_;
        UmTest::spew("$folder/forward.lua", recipe('**HAProxy**'));
        UmTest::spew("$folder/haproxy.cfg", <<"END"
global
    lua-load $folder/forward.lua
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 60s
backend app
    server app 127.0.0.1:$app
END
            . recipe('The frontend removes', ':443 ssl crt /etc/haproxy/site.pem' => "127.0.0.1:$port"));
        return launch($port, $program, '-db', '-f', "$folder/haproxy.cfg");
    },
);

# Spellings that applications may take for an identity header, in groups: no proxy accepts all of them in one request.
my @FORGED = map { my $mark = $_; [map { my $name = s/-/$mark/gr; map { "$_: evil" } $name, lc $name, uc $name }
    map { "X-Usermgmt-$_" } qw(Id Username Email Groups Staff)] } qw(- _ . ~ ! $ % & ' * + ^ ` |), '#';

for my $name (sort keys %proxy) {
    SKIP: {
        my $program = program($name) or skip "$name is not installed", 1;
        my $port = free_port();
        $ENV{XDG_DATA_HOME} = $ENV{XDG_CONFIG_HOME} = $folder;
        ok($proxy{$name}->($program, $port), "$name starts") or next;
        # A proxy listens before it is ready. Until then it answers that its back ends are unavailable.
        ok(await(20, sub { my $answer = eval { call(GET => '/app/x', port => $port, any => 1, token => $T) };
            return $answer && $answer->{status} == 200 }), "$name reaches the check and the application") or next;
        # The identity that the application got, in headers that it may take for identity headers.
        my $through = sub { my $answer = call(shift, '/app/x', port => $port, any => 1, @_);
            return join ' ', $answer->{status}, $answer->{status} == 200 ? sort map { s/[^\w:]/_/gr } map { s/ //r }
                grep { /\Ax.usermgmt.(?!email|groups|staff)|evil/ } map { lc } split /\r\n/, $answer->{body} : () };
        my $with = sub { return (headers => [@_]) };
        my $alice = "200 x_usermgmt_id:" . ($me->{id} =~ tr/-/_/r) . ' x_usermgmt_username:alice';
        is($through->(GET => (token => $T)), $alice, "$name: a token passes");
        is($through->(POST => (token => $T, body => 'x=1')), $alice, "$name: a token passes with a body, too");
        is($through->('GET'), '401', "$name: a request without a token is refused");
        is($through->(GET => (token => 'x')), '401', "$name: a bad token is refused");
        is($through->(GET => (token => $staff->{token})), '403',
            "$name: an account that is not in the group is refused");
        is($through->(GET => $with->("Authorization: Bearer $T", @$_)), $alice,
            "$name: forged headers are removed, such as $_->[0]") for @FORGED;
        is($through->(GET => $with->("Authorization: Bearer $T",
            'Connection: close, X-Usermgmt-Id, x-usermgmt-username')),
            $alice, "$name: Connection cannot remove identity headers");
        is($through->(GET => $with->("Cookie: tok=$T")), $alice, "$name: a cookie passes");
        is($through->(POST => $with->("Cookie: tok=$T", 'Origin: http://evil.example')), '403',
            "$name: a cookie with a request of another site is refused");
        is($through->(POST => $with->("Cookie: tok=$T", 'Origin: http://evil.example', 'X-Forwarded-Method: GET',
            'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http')), '403',
            "$name: forged X-Forwarded-* do not help another site");
        is($through->(POST => $with->("Cookie: tok=$T", 'Origin: http://localhost')), $alice,
            "$name: a cookie with a request of this site passes");
    }
}

# The lines of docs/balancer.md before the same application, which sees what httpd would.
SKIP: {
    my $program = program('nginx') or skip 'nginx is not installed', 1;
    my ($lines) = UmTest::slurp(UmTest::sources() . '/docs/balancer.md') =~ /^```nginx\n(.*?)^```\n/ms;
    $lines =~ s{10\.0\.0\.11:80}{127.0.0.1:$app} or die "docs/balancer.md has no lines\n";
    my $port = free_port();
    ok(nginx($program, $port, $lines), 'nginx starts with the lines of docs/balancer.md') or last;
    my $got = call(GET => '/x', port => $port, any => 1, headers => ['X-Forwarded-For: 192.0.2.7'])->{body};
    like($got, qr/^Host: localhost\r$/m, 'Host is passed on') or diag($got);
    is(join(' ', $got =~ /^X-Forwarded-For: (.*)\r$/mg), '127.0.0.1', 'the address is the client\'s, whatever it says');
}
{
    my $over = enrol('dave', groups => [map { sprintf 'g%063d', $_ } 1 .. 62]);
    is(shown(get($CHECK, token => $over->{token})), "204|dave|$over->{id}|dave|dave\@example.org|-|0",
        'an account of many groups is answered 204 without them');
    is(get($CHECK, token => $over->{token}, headers => ['X-Try: groups'])->{status}, 500,
        'more groups than a header takes');
    is(get("$CHECK?group=" . sprintf('g%063d', 62), token => $over->{token})->{status}, 204,
        'a group beyond what a header takes can be required');
}
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
