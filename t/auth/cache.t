#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A cache never gives one caller's answer to another, and TRACE does not show headers that are for back ends only.
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

# A program that sets Cache-Control as the request says, and shows who asked.
sub files {
    my ($pages) = @_;
    UmTest::spew("$pages/cgi/env", <<'END');
#!/bin/sh
printf 'Content-Type: text/plain\nETag: "1"\n'
[ -z "$HTTP_X_SAYS" ] || printf 'Cache-Control: %s\n' "$HTTP_X_SAYS"
printf '\nfor %s\n' "$HTTP_X_USERMGMT_USERNAME"
END
    chmod 0755, "$pages/cgi/env" or die "env: $!\n";
    mkdir "$pages/cache" or die "cache: $!\n";
    chmod 0777, "$pages/cache";
    # Pages with a part that has its own rules. httpd sends the head of the answer before it requests that part.
    File::Path::make_path("$pages/parts/list", "$pages/secret");
    my $long = "<p>text</p>\n" x 3000;
    UmTest::spew("$pages/secret/part.txt", "secret\n");
    utime 1e9, 1e9, UmTest::spew("$pages/secret/told.txt", "told\n") or die "told.txt: $!\n";    # old enough to be kept
    UmTest::spew("$pages/parts/early.shtml", '<!--#include virtual="/secret/part.txt" -->');
    UmTest::spew("$pages/parts/late.shtml", $long . '<!--#include virtual="/secret/part.txt" -->');
    UmTest::spew("$pages/parts/asked.shtml", $long . q(<!--#if expr="%{USERMGMT_USERNAME} != ''" -->secret<!--#endif -->));
    UmTest::spew("$pages/parts/none.shtml", "nothing more\n");
    UmTest::spew("$pages/parts/list/" . 'x' x 40 . "$_.txt", 'x') for 100 .. 400;
    UmTest::spew("$pages/parts/list/secret.html", "secret\n");
    return;
}

# An SCGI back end that lets httpd send a file.
sub scgi {
    my ($file) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die "listen: $!\n";
    my $port = $listener->sockport;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        $SIG{TERM} = 'DEFAULT';     # it stops no servers
        while (my $socket = $listener->accept) {
            sysread $socket, my $request, 65536;
            syswrite $socket, "Status: 200 OK\r\nContent-Type: text/plain\r\nX-Sendfile: $file\r\n\r\n";
            close $socket;
        }
        POSIX::_exit(0);
    }
    return ($port, $child);
}

my $scgi_file = UmTest::scratch() . "/tmp/sent-$$.txt";
UmTest::spew($scgi_file, "secret\n");
my ($scgi_port, $scgi_child) = scgi($scgi_file);
locations(<<"LOAD" . <<'END', files => \&files);

@{[UmTest::load_modules(qw(cache cache_disk proxy_scgi))]}
Define scgi scgi://127.0.0.1:$scgi_port/
Define sent $scgi_file
LOAD
Alias /parts ${pages}/parts
Alias /secret ${pages}/secret
<Directory ${pages}/parts>
    Options +Includes +Indexes
    AddOutputFilter INCLUDES shtml
    UserMgmtTokenSource header cookie=tok
    ReadmeName secret.html
    <Files secret.html>
        AuthType Bearer
        AuthName here
        Require valid-user
    </Files>
</Directory>
ProxyPass /sent ${scgi}
ProxySCGISendfile On
<Directory "/">
    <FilesMatch "^(?:part|sent-.*)\.txt$">
        AuthType Bearer
        AuthName here
        Require valid-user
        UserMgmtTokenSource header cookie=tok
    </FilesMatch>
</Directory>
CacheRoot ${pages}/cache
CacheEnable disk /
# The back end is a host of the same server.
CacheDisable /b
CacheQuickHandler Off
CacheDefaultExpire 60
CacheIgnoreNoLastMod On
<LocationMatch "^/(?:header|drop|text|cookie|query)">
    AuthType Bearer
    AuthName here
    Require valid-user
</LocationMatch>
<LocationMatch "^/(?:header|drop|text|cookie|query|expr|pass)">
    UserMgmtIdentityHeaders On
</LocationMatch>
<LocationMatch "^/(?:drop|pass)">
    UserMgmtAuthorization drop
</LocationMatch>
<Location /text>
    UserMgmtAuthorization "Basic c2VydmVyOnNlY3JldA=="
</Location>
<LocationMatch "^/(?:cookie|expr)">
    UserMgmtTokenSource header cookie=tok
</LocationMatch>
<Location /query>
    UserMgmtTokenSource query=t
</Location>
<Location /expr>
    Require expr "%{USERMGMT_USERNAME} != ''"
</Location>
<Location /pass>
    AuthType Basic
    AuthName here
    AuthBasicProvider usermgmt
    Require valid-user
</Location>
# mod_headers looks at the caller when the answer is sent.
Alias /told ${pages}/secret/told.txt
<Location /told>
    UserMgmtTokenSource header cookie=tok
    Header set X-Told "expr=<%{USERMGMT_USERNAME}>"
</Location>
ProxyPassMatch "^/(?:header|drop|text|cookie|query|expr|pass|open)/" ${back}
END
my %who = (alice => enrol('alice'), berta => enrol('berta'));

sub cookie { return "Cookie: tok=$who{$_[0]}{token}" }

sub bearer { return "Authorization: Bearer $who{$_[0]}{token}" }

sub basic { return 'Authorization: Basic ' . encode_base64("$_[0]:$who{$_[0]}{password}", '') }

ok(get('/open/a', headers => ['X-Says: max-age=60'])->{body} eq "for \n"
    && get('/open/a', headers => ['X-Says: max-age=60'])->{head}{age}, 'the cache keeps what is nobody\'s');

for my $case (['/header/a', \&bearer], ['/drop/a', \&bearer], ['/text/a', \&bearer], ['/cookie/a', \&cookie],
    ['/expr/a', \&cookie], ['/pass/a', \&basic]) {
    my ($path, $shows) = @$case;
    for my $says ('max-age=60', 'public, max-age=60') {
        next if $path eq '/header/a' && $says =~ /public/;     # the application's own word
        my $page = $path . length $says;
        my @bodies;
        for my $name (sort keys %who) {
            push @bodies, get($page, headers => [$shows->($name), "X-Says: $says"])->{body};
        }
        my @want = $path eq '/expr/a' ? ("for \n", "for \n") : ("for alice\n", "for berta\n");
        is_deeply(\@bodies, \@want, "$page, $says: each caller gets their own answer");
        is(get($page, headers => ["X-Says: $says"])->{status}, $path eq '/expr/a' ? 403 : 401,
            "$page: a request without a token is refused");
    }
}

# ---- the headers of the answer ---------------------------------------------------------------------------------------

my $answer = get('/cookie/b', headers => [cookie('alice')]);
is("@{ $answer->{head}{'cache-control'} || [] }", 'private', 'an answer without Cache-Control becomes private');
like("@{ $answer->{head}{vary} || [] }", qr/\bCookie\b/, 'an answer that depends on a cookie has Vary: Cookie');
$answer = get('/cookie/c', headers => [cookie('alice'), 'X-Says: no-store']);
is("@{ $answer->{head}{'cache-control'} || [] }", 'no-store', 'an answer with a Cache-Control of its own keeps it');
$answer = get('/expr/b', headers => [cookie('alice')]);
is("@{ $answer->{head}{'cache-control'} || [] }", 'private', 'an answer that an expression has allowed is private');
$answer = get("/query/b?t=$who{alice}{token}");
is("@{ $answer->{head}{'cache-control'} || [] } @{ $answer->{head}{'referrer-policy'} || [] }",
    'private no-referrer', 'an answer to a token in the query sends no referrer');
$answer = get('/header/b', headers => [bearer('alice')]);
is("@{ $answer->{head}{'cache-control'} || [] }", '',
    'an answer to a token in the header needs no Cache-Control: caches know that header');

# ---- headers that an expression makes of the caller ------------------------------------------------------------------

for my $row (['alice', cookie('alice')], ['berta', cookie('berta')], ['']) {
    my ($name, @headers) = @$row;
    $answer = get('/told', headers => \@headers);
    is("$answer->{body}@{ $answer->{head}{'x-told'} || [] }", "told\n<$name>", 'only the own header is sent');
    is(join('|', map { "@{ $answer->{head}{$_} || [] }" } qw(cache-control vary)), $name ? 'private|Cookie' : '|',
        'and caches know whether it depends on the cookie');
}

# ---- parts that a cookie opens ---------------------------------------------------------------------------------------

for my $path ('/parts/early.shtml', '/parts/late.shtml', '/parts/asked.shtml', '/parts/list/', '/sent') {
    $answer = get($path, headers => [cookie('alice')]);
    like($answer->{body}, qr/secret/, "$path: the page has the protected part");
    is("@{ $answer->{head}{'cache-control'} || [] }", 'private', "the answer is private: $path");
    like("@{ $answer->{head}{vary} || [] }", qr/\bCookie\b/, "$path: the answer varies by cookie");
    unlike(get($path)->{body}, qr/secret/, "$path: without a token the part is missing") unless $path eq '/sent';
    is("@{ $answer->{head}{'cache-control'} || [] }", '', "$path: caches may keep the page without the part")
        for $answer = get($path, headers => ['Cookie: other=1']);
}
kill TERM => $scgi_child;
waitpid $scgi_child, 0;

# ---- TRACE -----------------------------------------------------------------------------------------------------------

$answer = ask(TRACE => '/text/d', headers => [bearer('alice'), 'Max-Forwards: 0', 'X-Mine: 1']);
unlike($answer->{body}, qr/c2VydmVyOnNlY3JldA|usermgmt/i, 'TRACE shows no header that is for the back end');

api_done();
