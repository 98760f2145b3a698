#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# AuthType Bearer and the provider for Basic in a forward proxy: it answers 407 and reads Proxy-Authorization.
# Everything else that the client sends is for the origin server.
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

# An origin server that answers with the bytes that it got.
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "listen: $!\n";
my $ORIGIN = '127.0.0.1:' . $listener->sockport;
my $child = fork;
die "fork: $!\n" unless defined $child;
if (!$child) {
    $SIG{TERM} = 'DEFAULT';     # it stops no servers
    while (my $socket = $listener->accept) {
        my $text = '';
        1 while $text !~ /\r\n\r\n/ && sysread $socket, $text, 65536, length $text;
        syswrite $socket, "HTTP/1.1 200 OK\r\nContent-Length: " . length($text) . "\r\nConnection: close\r\n\r\n$text";
        close $socket;
    }
    POSIX::_exit(0);
}
close $listener;

my $PORT = free_port();
my $site = locations(<<"LOAD" . <<'END');

@{[UmTest::load_modules('proxy_connect')]}
Define origin $ORIGIN
Define port ${\ ($ORIGIN =~ s/.*://r)}
Define proxy 127.0.0.1:$PORT
LOAD
Listen ${proxy}
<VirtualHost ${proxy}>
    ServerName proxy.example
    ProxyRequests On
    UserMgmt On
    UserMgmtIssuer https://localhost
    UserMgmtCORS https://page.example
    AllowCONNECT ${port}
    <Proxy "*">
        AuthName proxied
        Require valid-user
        UserMgmtTokenSource header cookie=tok query=t
        UserMgmtIdentityHeaders On
    </Proxy>
    <ProxyMatch "^http://${origin}/(?:bearer|drop|staff|forbidden|alice|api)|^${origin}">
        AuthType Bearer
    </ProxyMatch>
    <Proxy "http://${origin}/drop*">
        UserMgmtAuthorization drop
    </Proxy>
    <Proxy "http://${origin}/staff*">
        Require usermgmt-staff
    </Proxy>
    <Proxy "http://${origin}/forbidden*">
        Require usermgmt-staff
        AuthzSendForbiddenOnFailure On
    </Proxy>
    <Proxy "http://${origin}/alice*">
        Require user alice
    </Proxy>
    <Proxy "http://${origin}/expr*">
        AuthMerging Off
        Require expr "%{USERMGMT_USERNAME} == 'alice'"
    </Proxy>
    <Proxy "http://${origin}/basic*">
        AuthType Basic
        AuthBasicProvider usermgmt
        UserMgmtAuthorization drop
    </Proxy>
</VirtualHost>
END
my $me = enrol('alice');
my $boss = enrol('berta', staff => 1);
my $T = $me->{token};
my $SHOWN = "Proxy-Authorization: Bearer $T";

sub proxied {
    my ($path, @headers) = @_;
    return call(GET => "http://$ORIGIN$path", headers => \@headers, port => $PORT, any => 1);
}

sub asked {
    my ($answer) = @_;
    return join ' | ', $answer->{status}, map { "$_: @{ $answer->{head}{$_} }" }
        grep { $answer->{head}{$_} } qw(proxy-authenticate www-authenticate);
}

# ---- which requests need a token, and where it is looked for ---------------------------------------------------------

my $ASKED = '407 | proxy-authenticate: Bearer realm="proxied"';
is(asked(proxied('/bearer')), $ASKED, 'a request without a token is answered 407');
is(asked(proxied('/bearer', "Authorization: Bearer $T")), $ASKED, 'a token in Authorization is not read');
is(asked(proxied('/bearer', "Cookie: tok=$T")), $ASKED, 'a token in a cookie is not read');
is(asked(proxied("/bearer?t=$T")), $ASKED, 'a token in the query is not read');
my $BAD = '407 | proxy-authenticate: Bearer realm="proxied", error="invalid_token", '
    . 'error_description="The token is not valid, or not any more"';
is(asked(proxied('/bearer', 'Proxy-Authorization: Bearer x.y.z')), $BAD, 'a bad token');
is(asked(proxied('/bearer', 'Proxy-Authorization: Basic eDp5')), $ASKED,
    'another scheme in Proxy-Authorization is answered 407');
like(asked(proxied('/bearer', $SHOWN, 'Proxy-Authorization: Bearer x.y.z')),
    qr/\A400 \| proxy-authenticate: .*invalid_request/, 'two Proxy-Authorization headers are answered 400');
is(asked(proxied('/staff', $SHOWN)), $ASKED, 'a rule that the caller does not meet');
is(proxied('/staff', "Proxy-Authorization: Bearer $boss->{token}")->{status}, 200,
    'Require usermgmt-staff lets in an account of the staff');
like(asked(proxied('/forbidden', $SHOWN)), qr/\A403 \| proxy-authenticate: .*insufficient_scope.*\z/,
    '403 with AuthzSendForbiddenOnFailure On');
is(proxied('/alice', $SHOWN)->{status}, 200, 'Require user lets in its account');
is(proxied('/alice', "Proxy-Authorization: Bearer $boss->{token}")->{status}, 407,
    'Require user refuses another account');
is(asked(proxied('/expr')), '403', 'an expression alone does not ask for a token');
is(asked(proxied('/expr', "Authorization: Bearer $T")), '403', 'an expression does not read Authorization');
is(proxied('/expr', $SHOWN)->{status}, 200, 'an expression reads Proxy-Authorization');

# ---- what the origin server gets -------------------------------------------------------------------------------------

my @MINE = ('Authorization: Bearer for-the-origin', "Cookie: a=b; tok=$T", 'X-Usermgmt-Id: mine',
    'X_Usermgmt_Staff: 1');
my $basic = 'Proxy-Authorization: Basic ' . encode_base64("alice:$me->{password}", '');
for my $row (['/bearer', $SHOWN], ['/drop', $SHOWN], ['/expr', $SHOWN], ['/basic', $basic]) {
    my ($path, $shows) = @$row;
    my $answer = proxied("$path?t=$T&x=1", @MINE, $shows);
    is($answer->{status}, 200, "$path: the request passes");
    like($answer->{body}, qr{\AGET \Q$path?t=$T&x=1\E HTTP}, "$path: the query is unchanged");
    like($answer->{body}, qr/^\Q$_\E\r$/m, "$path: " . (split /:/)[0]) for @MINE;
    is(join('|', $answer->{body} =~ /^((?:Proxy-|X-Usermgmt-)[^:]+)/gim), 'X-Usermgmt-Id',
        "$path: the origin server gets no header for the proxy");
    is($answer->{head}{'cache-control'}, undef, "$path: the answer is not marked private");
    is(asked(proxied($path)), $path eq '/expr' ? '403' : $path eq '/basic'
        ? '407 | proxy-authenticate: Basic realm="proxied"' : $ASKED, "$path: a stranger is asked");
}

# ---- the API and UserMgmtCORS of the proxy's host are not the origin server's ----------------------------------------

my @PAGE = ('Origin: https://page.example', 'Access-Control-Request-Method: DELETE');
my $preflight = call(OPTIONS => "http://$ORIGIN/bearer", headers => \@PAGE, port => $PORT, any => 1);
is(asked($preflight), $ASKED, 'the proxy answers no preflight in the place of the origin server');
is($preflight->{head}{'access-control-allow-origin'}, undef, 'a preflight to the proxy allows no page to read it');
is(proxied('/bearer', @PAGE, $SHOWN)->{head}{'access-control-allow-origin'}, undef,
    "the module adds no CORS headers to answers of the origin server");
like(proxied("${USERS}a%2Fb", $SHOWN)->{body}, qr{\AGET \Q${USERS}\Ea%2Fb HTTP},
    'a path like one of the API, with an encoded slash, is forwarded');

# ---- CONNECT ---------------------------------------------------------------------------------------------------------

sub tunnel {
    my (@headers) = @_;
    my $socket = connection($PORT);
    syswrite $socket, join("\r\n", "CONNECT $ORIGIN HTTP/1.1", "Host: $ORIGIN", @headers) . "\r\n\r\n";
    my $head = '';
    1 while $head !~ /\r\n\r\n/ && sysread $socket, $head, 1, length $head;
    return ($socket, $head);
}

for my $headers ([], ["Authorization: Bearer $T"], ["Cookie: tok=$T"], ['Proxy-Authorization: Bearer x.y.z']) {
    my ($socket, $head) = tunnel(@$headers);
    like($head, qr{\AHTTP/1.1 407 }, "CONNECT with @{[ map { /\A(\S+)/ } @$headers ]}: 407");
    like($head, qr/^Proxy-Authenticate: Bearer realm="proxied"/m, 'CONNECT: the answer has Proxy-Authenticate');
    unlike($head, qr/^WWW-Authenticate/m, 'CONNECT: the answer has no WWW-Authenticate');
}
{
    my ($socket, $head) = tunnel($SHOWN);
    like($head, qr{\AHTTP/1.\d 200 }, 'CONNECT with a token');
    my $got = exchange("GET /x HTTP/1.1\r\nHost: $ORIGIN\r\nAuthorization: Bearer other\r\n\r\n", socket => $socket);
    like($got, qr{\r\n\r\nGET /x HTTP/1.1\r\nHost: \Q$ORIGIN\E\r\nAuthorization: Bearer other\r\n\r\n\z},
        'the tunnel forwards bytes');
}

kill TERM => $child;
waitpid $child, 0;
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
