#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# UserMgmtSignInPage: a browser that goes to a protected page without a session is sent to a page to sign in. Nothing
# else is, and "next" leads to this host only.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmServer;
use UmTest ();

sub files {
    my ($pages) = @_;
    mkdir "$pages/parts" or die "parts: $!\n";
    UmTest::spew("$pages/files/index.html", "index\n");
    UmTest::spew("$pages/files/a b.txt", "blank\n");
    UmTest::spew("$pages/parts/page.shtml", 'page <!--#include virtual="/shut/hello.txt" -->');
    return;
}

my $pages = "UserMgmtPages On /me/\nUserMgmtPagesTemplates \"" . UmTest::sources() . "/conf/pages\"\n";
my $plain = free_port();    # a host without any directive of the module, and so without pages
my $without = "Listen 127.0.0.1:$plain\n<VirtualHost 127.0.0.1:$plain>\n</VirtualHost>\n";
my $site = locations($pages . $without . <<'END', files => \&files);
UserMgmtCookie tok
Alias /shut ${pages}/files
Alias /local ${pages}/files
Alias /remote ${pages}/files
Alias /header ${pages}/files
Alias /other ${pages}/files
Alias /named ${pages}/files
Alias /query ${pages}/files
Alias /group ${pages}/files
Alias /forbid ${pages}/files
Alias /document ${pages}/files
Alias /all ${pages}/files
Alias /told ${pages}/files
Alias /lost ${pages}/files
Alias /parts ${pages}/parts
RewriteEngine On
RewriteRule ^/renamed/(.*) /shut/$1 [PT]
<LocationMatch "^/(?:shut|local|remote|header|other|named|query|group|forbid|document|all|told|app)/">
    AuthType Bearer
    AuthName here
    Require valid-user
    UserMgmtSignInPage auto
</LocationMatch>
<Location /shut/not/>
    UserMgmtSignInPage none
</Location>
<Location /local/>
    UserMgmtSignInPage /login?from=here
</Location>
<Location /remote/>
    UserMgmtSignInPage https://login.example.org/
</Location>
<Location /header/>
    UserMgmtTokenSource header
</Location>
<Location /other/>
    UserMgmtTokenSource cookie=other cookie
</Location>
<Location /named/>
    UserMgmtTokenSource cookie=other
    UserMgmtSignInPage /login
</Location>
<Location /query/>
    UserMgmtTokenSource query=t cookie
</Location>
<Location /group/>
    AuthMerging Off
    Require usermgmt-group editors
</Location>
<Location /forbid/>
    AuthMerging Off
    AuthzSendForbiddenOnFailure On
    Require usermgmt-group editors
</Location>
<Location /document/>
    AuthMerging Off
    Require usermgmt-group editors
    ErrorDocument 401 "own words"
</Location>
<Location /all/>
    UserMgmtSignInPage /all/login?x=y
</Location>
<Location /told/>
    ErrorDocument 401 /files.txt
    ErrorDocument 303 "never"
</Location>
<Location /lost/>
    ErrorDocument 404 /shut/hello.txt
</Location>
<Location /parts/>
    Options +Includes
    SetOutputFilter INCLUDES
</Location>
<Location /app/>
    ProxyPass ${back}/
</Location>
Alias /files.txt ${pages}/files/hello.txt
END
my $HTML = 'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';
my $CHALLENGE = '401 Bearer realm="here"';

# Status and Location.
sub led {
    my ($answer) = @_;
    return join ' ', $answer->{status}, @{ $answer->{head}{location} || [] };
}

sub navigate {
    my ($path, @headers) = @_;
    return get($path, headers => [$HTML, @headers]);
}

sub decoded { return $_[0] =~ s/%([0-9a-f]{2})/chr hex $1/gier }

my $enrolled = 0;
sub cookie {
    my $me = enrol('carol' . ++$enrolled);
    return "Cookie: tok=$me->{token}";
}

# ---- who is sent -----------------------------------------------------------------------------------------------------

case 'a browser that goes to a page is sent to the sign-in page' => sub {
    my $answer = navigate('/shut/hello.txt');
    is(led($answer), '303 /me/sign-in/?next=%2fshut%2fhello.txt', 'by Accept');
    is("@{ $answer->{head}{'cache-control'} }", 'no-store', 'no cache keeps that');
    ok(!$answer->{head}{'www-authenticate'}, 'it is no challenge');
    is(led(get('/shut/hello.txt', headers => ['Sec-Fetch-Mode: navigate'])),
        '303 /me/sign-in/?next=%2fshut%2fhello.txt', 'by Sec-Fetch-Mode');
    is(led(navigate('/app/x?y')), '303 /me/sign-in/?next=%2fapp%2fx%3fy', 'where an application is proxied');
    is(led(navigate('/shut/none')), '303 /me/sign-in/?next=%2fshut%2fnone', 'whether the page exists is not told');
    is(led(navigate('/shut/hello.txt', "Cookie: tok=$_")), '303 /me/sign-in/?next=%2fshut%2fhello.txt',
        "with the bad cookie $_") for 'x', 'a.b.c', '"', 'x y';
};

case 'nothing else is sent there' => sub {
    is(challenge_of(get('/shut/hello.txt', headers => $_)), $CHALLENGE, 'not ' . (join(', ', @$_) || 'without headers'))
        for [], ['Accept: */*'], ['Accept: application/json'], ['Accept: image/avif,image/webp,*/*'];
    is(challenge_of(navigate('/shut/hello.txt', "Sec-Fetch-Mode: $_")), $CHALLENGE, "not a request of mode $_")
        for qw(cors no-cors same-origin websocket), 'Navigate', '';
    for my $method (qw(HEAD POST PUT DELETE OPTIONS PROPFIND)) {
        my $answer = ask($method => '/shut/hello.txt', headers => [$HTML, 'Sec-Fetch-Mode: navigate']);
        is(challenge_of($answer), $CHALLENGE, "not $method");
        ok(!$answer->{head}{location}, 'and no page is named');
    }
    is(navigate('/shut/hello.txt', cookie())->{body}, $HELLO, 'not who is signed in');
    like(challenge_of(get('/shut/hello.txt', token => 'a.b.c', headers => [$HTML])), qr/\A401 .*invalid_token/,
        'not a bad token in the header');
    is(led(navigate('/shut/hello.txt', 'Cookie: tok=a; tok=b')), '400', 'not two cookies');
};

case 'who lacks rights is not asked to sign in again' => sub {
    my $cookie = cookie();
    is(led(navigate('/group/hello.txt')), '303 /me/sign-in/?next=%2fgroup%2fhello.txt', 'without a session');
    for my $path ('/group/hello.txt', '/forbid/hello.txt?a=b') {
        my $answer = navigate($path, $cookie);
        is(led($answer), '403', 'with one the answer is 403');
        ok(!$answer->{head}{'www-authenticate'}, 'and no challenge');
        is("@{ $answer->{head}{'content-type'} }", 'text/html; charset=utf-8', 'with a page');
        like($answer->{body}, qr/\A<!DOCTYPE html>.*\bcarol$enrolled\b.*<\/html>\s*\z/is, 'that says who they are');
        my ($next) = $answer->{body} =~ m{/me/sign-in/\?[^"]*\bnext=([^"&]+)};
        is(decoded(defined $next ? $next : 'no next'), $path, 'and leads to another sign-in');
        my ($policy) = @{ $answer->{head}{'content-security-policy'} || [] };
        like($policy, qr/\Adefault-src 'none'; /, 'and has the header fields of other pages');
        my $length = $answer->{head}{'content-length'};
        is($length && $length->[0], length $answer->{body}, 'of that length');
    }
    is(challenge_of(get('/group/hello.txt', headers => [$cookie])), $CHALLENGE, 'a script gets 401');
    is(get('/forbid/hello.txt', headers => [$cookie])->{status}, 403, 'or 403');
    unlike(get('/forbid/hello.txt', headers => [$cookie])->{body}, qr/carol/, 'without that page');
    is(navigate('/document/hello.txt', $cookie)->{body}, 'own words', 'an ErrorDocument comes before it');
    my $other = call(GET => '/group/hello.txt', port => $plain, any => 1, headers => [$HTML, $cookie]);
    is(challenge_of($other), $CHALLENGE, 'a host without pages has no such page');
    unlike($other->{body}, qr{/me/}, 'and leads to none');
};

# ---- where to go then ------------------------------------------------------------------------------------------------

case 'next is the path and query that was asked for' => sub {
    my $usual = join ' ', sort keys %{ navigate('/shut/hello.txt')->{head} };
    for my $path ('/shut/', '/shut/a%20b.txt', '/shut/?', '/shut/?a=b&c=d+e&next=/x', '/shut/%C3%A9?%E2%82%AC',
        '/shut/?%0D%0ALocation:%20https://evil.example/', '/shut/%25',
        '/shut/?https://evil.example/', '/shut/a//b', '/shut/?"<script>', "/shut/?'", '/shut/;a=b',
        '/shut/@evil.example', '/shut/%2e%2ex', '/shut/?x=' . 'y' x 2000) {
        my $answer = navigate($path);
        my ($next) = led($answer) =~ m{\A303 /me/sign-in/\?next=([\w.*%+-]+)\z};
        is(defined $next ? decoded($next) : led($answer), $path, 'of ' . substr($path, 0, 60));
        is(join(' ', sort keys %{ $answer->{head} }), $usual, 'no header is added');
    }
    # um_local_path_is() refuses control characters in a path.
    is(led(navigate('/shut/x%0d%0aSet-Cookie:%20a=b')), '303 /me/sign-in/', 'no path with encoded line ends');
    is(led(navigate('http://localhost/shut/?a')), '303 /me/sign-in/?next=%2fshut%2f%3fa', 'of an address with a host');
    is(led(navigate('http://evil.example/shut/')), '303 /me/sign-in/?next=%2fshut%2f', 'never the host');
};

case 'an address that could lead elsewhere is left out' => sub {
    for my $path ('//shut/hello.txt', '/./shut/hello.txt', '/x/../shut/hello.txt', '/shut/x/%2e%2e/hello.txt',
        '/shut/./hello.txt', "/shut/?\xc3\xa9", '/shut/?x=' . 'y' x 2048) {
        is(led(navigate($path)), '303 /me/sign-in/', 'of ' . substr($path, 0, 60) =~ s/[^ -~]/?/gr);
    }
    unlike(led(navigate('/%2fshut/hello.txt')), qr/next/, 'of an encoded slash');
};

case 'a page of another program gets next, too' => sub {
    is(led(navigate('/local/?a')), '303 /login?from=here&next=%2flocal%2f%3fa', 'behind its own query');
    is(led(navigate('/remote/?a')), '303 https://login.example.org/?next=%2fremote%2f%3fa', 'on another host');
};

# ---- directories -----------------------------------------------------------------------------------------------------

case 'directories are merged' => sub {
    is(challenge_of(navigate('/shut/not/x')), $CHALLENGE, 'none below auto');
    is(challenge_of(navigate('/shut/not/x', cookie())), $CHALLENGE, 'where the token is in the header only');
    is(challenge_of(navigate('/header/x')), $CHALLENGE, 'no cookie would be accepted, so signing in is of no use');
    is(led(navigate('/other/x')), '303 /me/sign-in/?next=%2fother%2fx', 'the own cookie is one of two');
    like(challenge_of(navigate('/other/x', 'Cookie: other=a')), qr/\A401 /, 'another bad cookie decides before it');
    is(led(navigate('/named/x')), '303 /login?next=%2fnamed%2fx', 'a page of another program for a cookie of its own');
    is(led(navigate('/named/x', 'Cookie: other=a')), '303 /login?next=%2fnamed%2fx', 'which is bad');
    is(led(navigate('/query/x')), '303 /me/sign-in/?next=%2fquery%2fx', 'without a token in the query');
    like(challenge_of(navigate('/query/x?t=a')), qr/\A401 /, 'a bad token in the query decides');
};

case 'a sign-in page that is protected does not lead to itself' => sub {
    is(led(navigate('/all/x')), '303 /all/login?x=y&next=%2fall%2fx', 'another page');
    is(challenge_of(navigate("/all/login$_")), $CHALLENGE, "the page itself$_") for '', '?x=y', '?x=y&next=%2fall%2fx';
};

case 'the pages of a site that is protected as a whole are open' => sub {
    my $whole = UmServer->start($site->{database}, UmLocations::module_lines() . "\n" . $pages . <<"END");
TypesConfig $site->{pages}/types
DocumentRoot $site->{pages}/files
<Location />
    AuthType Bearer
    AuthName here
    Require usermgmt-group editors
    UserMgmtSignInPage auto
</Location>
<Location /me/staff/>
    UserMgmtSignInPage none
</Location>
END
    my $at = sub { call(GET => $_[0], headers => [$HTML], port => $whole->{port}, any => 1) };
    is(led($at->('/hello.txt')), '303 /me/sign-in/?next=%2fhello.txt', 'a file leads to the sign-in page');
    is($at->('/me/sign-in/')->{status}, 200, 'which is open');
    like($at->($1)->{head}{'content-type'}[0], qr{\Atext/css}, 'and so is its style')
        if ok($at->('/me/sign-in/')->{body} =~ m{href="(/me/style\.css[^"]*)"}, 'it has a style');
    like(led($at->('/me/')), qr{\A303 /me/sign-in/}, 'the profile asks for a session itself');
    is($at->('/me/staff/')->{status}, 401, 'a page is closed where none is set');
    is($at->('/me.txt')->{status}, 303, 'a file with a like name is no page');
    $whole->stop;
};

case 'parts, redirects and pages of errors' => sub {
    my $answer = navigate('/parts/page.shtml');
    is("$answer->{status} " . ($answer->{body} =~ /\Apage / ? 'page' : $answer->{body}), '200 page',
        'a part of an open page leads nowhere');
    is(led(navigate('/shut/')), '303 /me/sign-in/?next=%2fshut%2f', 'a folder leads back to the folder');
    is(navigate('/shut/', cookie())->{body}, "index\n", 'whose index is shown then');
    is(led(navigate('/renamed/hello.txt?a')), '303 /me/sign-in/?next=%2frenamed%2fhello.txt%3fa',
        'an address that is rewritten leads back to what was asked for');
    is(led(navigate('/lost/none')), '404', 'the page of an error leads nowhere');
    is(led(navigate('/told/x')), '303 /me/sign-in/?next=%2ftold%2fx', 'a page of the error 401 is not used');
    $answer = get('/told/x');
    is("$answer->{status} $answer->{body}", "401 $HELLO", 'where a script gets it');
};

is($site->{server}->crashes, '', 'no process of the server crashed');
cases_done();
