#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# However httpd gets to a resource, the configuration of that resource decides which identity its application gets, what
# is hidden from it, and what caches may keep.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmLocations;
use UmServer;
use UmTest ();

my $PRINT = UmTest::slurp(UmTest::sources() . '/t/cgi-bin/printenv');

sub program {
    my ($file, $text) = @_;
    UmTest::spew($file, $text);
    chmod 0755, $file or die "$file: $!\n";
    return;
}

sub files {
    my ($pages) = @_;
    for my $kind (qw(bearer basic expr inner cached)) {
        File::Path::make_path("$pages/$kind/deep");
        program("$pages/$kind/$_.cgi", $PRINT) for qw(index page deep/index);
        UmTest::spew("$pages/$kind/any.var", "URI: page.cgi\nContent-Type: text/plain\n\n");
        UmTest::spew("$pages/$kind/file.acted", 'x');
        program("$pages/$kind/location.sh", <<"END");
#!/bin/sh
printf 'Location: /$kind/page.cgi?%s\\n\\n' "\$QUERY_STRING"
END
    }
    program("$pages/cached/index.cgi", <<'END');
#!/bin/sh
printf 'Content-Type: text/plain\nETag: "1"\nCache-Control: max-age=60\n\nfor %s\n' "$HTTP_X_USERMGMT_USERNAME"
END
    program("$pages/cgi/who", <<'END');
#!/bin/sh
printf 'Content-Type: text/plain\n\nfor %s\n' "$HTTP_X_USERMGMT_USERNAME"
END
    UmTest::spew("$pages/files/page.shtml", join '', map { "$_: <!--#include virtual=\"/part/$_\" -->\n" }
        qw(same later header other query));
    UmTest::spew("$pages/files/whole.shtml",
        '<!--#include virtual="/cgi/env" -->====<!--#include virtual="/bearer/" -->');
    UmTest::spew("$pages/files/call.shtml", '<!--#include virtual="/api/v1/users/$QUERY_STRING/" -->');
    mkdir "$pages/cache" or die "cache: $!\n";
    chmod 0777, "$pages/cache";
    return;
}

# The files and lines for each way to a program. Only the programs have rules.
sub ways {
    return join '', map { <<"END" } @_;
Alias /$_ \${pages}/$_
<Directory \${pages}/$_>
    Options +ExecCGI +MultiViews +FollowSymLinks
    CGIPassAuth On
    DirectoryIndex index.cgi
    FallbackResource /$_/index.cgi
    AddHandler cgi-script .cgi .sh
    MultiviewsMatch Handlers
    AddHandler type-map .var
    Action acted /$_/page.cgi
    AddHandler acted .acted
    RewriteEngine On
    SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=\$1
    RewriteRule ^rewritten\$ page.cgi
    RewriteRule ^gone\$ - [R=404]
</Directory>
RewriteRule ^/server/$_\$ /$_/page.cgi [PT]
<Location /$_/gone>
    ErrorDocument 404 /$_/page.cgi
</Location>
END
}

my $site = locations(<<"LOAD" . ways(qw(bearer basic expr inner cached)) . <<'END', files => \&files);

@{[UmTest::load_modules(qw(actions cache cache_disk))]}
RewriteEngine On
LOAD
<DirectoryMatch "/(?:bearer|cached)(?:/|$)">
    <FilesMatch "\.cgi$">
        AuthType Bearer
        AuthName here
        Require valid-user
        UserMgmtTokenSource header cookie=tok query=t
        UserMgmtIdentityHeaders On
        UserMgmtAuthorization drop
    </FilesMatch>
</DirectoryMatch>
<DirectoryMatch "/basic(?:/|$)">
    <FilesMatch "\.cgi$">
        AuthType Basic
        AuthName here
        AuthBasicProvider usermgmt
        Require valid-user
        UserMgmtIdentityHeaders On
        UserMgmtAuthorization drop
    </FilesMatch>
</DirectoryMatch>
<DirectoryMatch "/expr(?:/|$)">
    <FilesMatch "\.cgi$">
        UserMgmtTokenSource header cookie=tok query=t
        UserMgmtAuthorization drop
        Require expr "%{USERMGMT_USERNAME} != ''"
    </FilesMatch>
</DirectoryMatch>
# The opposite case: the folder is protected, its programs are open.
<Directory "${pages}/inner">
    AuthType Bearer
    AuthName here
    Require valid-user
    UserMgmtTokenSource header cookie=tok query=t
    UserMgmtIdentityHeaders On
    UserMgmtAuthorization "Basic c2VydmVyOnNlY3JldA=="
    <FilesMatch "\.cgi$">
        AuthType None
        Require all granted
        UserMgmtIdentityHeaders Off
        UserMgmtAuthorization forward
    </FilesMatch>
</Directory>
<Location /nowhere>
    ErrorDocument 404 /.well-known/jwks.json
</Location>
# A page, and parts whose Locations look for a token in other sources.
Alias /parts ${pages}/files
<Location /parts/>
    Options +Includes
    AddOutputFilter INCLUDES shtml
    AuthType Bearer
    AuthName here
    Require valid-user
    UserMgmtTokenSource header cookie=tok query=t
    UserMgmtIdentityHeaders On
    UserMgmtAuthorization "Basic c2VydmVyOnNlY3JldA=="
    CGIPassAuth On
</Location>
<LocationMatch "^/part/(?:same|later|header|other|query)">
    AuthType Bearer
    AuthName here
    Require valid-user
    UserMgmtIdentityHeaders On
</LocationMatch>
<Location /part/same>
    UserMgmtTokenSource query=t cookie=tok header
</Location>
<Location /part/later>
    UserMgmtTokenSource cookie=none header cookie=tok query=t
</Location>
<Location /part/header>
    UserMgmtTokenSource header
</Location>
<Location /part/other>
    UserMgmtTokenSource cookie=none
</Location>
<Location /part/query>
    UserMgmtTokenSource query=u
</Location>
ScriptAlias /part ${pages}/cgi/who
CacheRoot ${pages}/cache
CacheEnable disk /cached/
CacheQuickHandler Off
CacheIgnoreNoLastMod On
END
my $me = enrol('alice');
my $other = enrol('berta');
my $T = $me->{token};

sub basic { return 'Authorization: Basic ' . encode_base64("$_[0]{username}:$_[0]{password}", '') }

my @WAYS = (['itself', 'index.cgi'], ['DirectoryIndex', ''], ['DirectoryIndex below', 'deep/'],
    ['FallbackResource', 'no/such'], ['MultiViews', 'page'], ['a type map', 'any.var'],
    ['RewriteRule in a folder', 'rewritten'], ['RewriteRule of the server', undef], ['Action', 'file.acted'],
    ['ErrorDocument', 'gone'], ['Location of a program', 'location.sh']);

sub path {
    my ($kind, $way) = @_;
    return defined $way->[1] ? "/$kind/$way->[1]" : "/server/$kind";
}

sub of {
    my ($told, $pattern) = @_;
    return join ' ', map { "$_=$told->{$_}" } sort grep { /$pattern/ } keys %$told;
}

my $WHO = "HTTP_X_USERMGMT_EMAIL=alice\@example.org HTTP_X_USERMGMT_ID=$me->{id} "
    . 'HTTP_X_USERMGMT_STAFF=0 HTTP_X_USERMGMT_USERNAME=alice';

# ---- the program is protected ----------------------------------------------------------------------------------------

for my $way (@WAYS) {
    my $path = path('bearer', $way);
    for my $shows (['a header', '', "Authorization: Bearer $T", 'Cookie: a=b'],
        ['a cookie', '', "Cookie: a=b; tok=$T"],
        ['the address', "?x=1&t=$T&y=2", 'Cookie: a=b']) {
        my ($by, $query, @headers) = @$shows;
        # httpd requests an ErrorDocument, and the variants of a type map, without the client's query.
        next if $query && $way->[0] =~ /ErrorDocument|type map/;
        my $answer = get("$path$query", headers => \@headers);
        my $told = told($answer);
        my $name = "Bearer, $way->[0], $by";
        is($answer->{status}, $way->[0] eq 'ErrorDocument' ? 404 : 200, "$name: let in");
        is(of($told, qr/X_USERMGMT/), $WHO, "$name: the identity headers arrive");
        is(of($told, qr/\AUSERMGMT_USERNAME|\AREMOTE_USER|\AAUTH_TYPE/),
            'AUTH_TYPE=Bearer REMOTE_USER=alice USERMGMT_USERNAME=alice', "$name: the environment");
        is($told->{HTTP_AUTHORIZATION}, undef, "$name: no Authorization");
        is($told->{HTTP_COOKIE}, 'a=b', "$name: the cookie with the token is removed");
        is($told->{QUERY_STRING}, $query ? 'x=1&y=2' : '', "$name: no token in the query");
        is("@{ $answer->{head}{'cache-control'} || [] }", $by eq 'a header' ? '' : 'private',
            "Cache-Control is right: $name");
        is("@{ $answer->{head}{vary} || [] }" =~ /\bcookie\b/i ? 1 : 0, $by eq 'a cookie' ? 1 : 0,
            "Vary is right: $name");
        is(get($path)->{status}, $way->[0] =~ /ErrorDocument|MultiViews/ ? 404 : 401,
            "$name: a request without a token is refused");
    }
    my $answer = get(path('basic', $way), headers => [basic($me), 'Cookie: a=b']);
    my $told = told($answer);
    is(of($told, qr/X_USERMGMT/), $WHO, "Basic, $way->[0]: the identity headers arrive");
    is(of($told, qr/\AREMOTE_USER|\AAUTH_TYPE|HTTP_AUTHORIZATION|HTTP_COOKIE/),
        'AUTH_TYPE=Basic HTTP_COOKIE=a=b REMOTE_USER=alice', "Basic, $way->[0]: no password");
    $answer = get(path('expr', $way), headers => ["Cookie: tok=$T; a=b"]);
    $told = told($answer);
    is(of($told, qr/HTTP_AUTHORIZATION|HTTP_COOKIE|USERMGMT/), 'HTTP_COOKIE=a=b', "expression, $way->[0]: no token");
    is("@{ $answer->{head}{'cache-control'} || [] }", 'private', "expression, $way->[0]: Cache-Control");
}

# ---- the folder is protected, the program is open --------------------------------------------------------------------

for my $way (grep { $_->[0] ne 'RewriteRule of the server' } @WAYS) {
    my $told = told(get(path('inner', $way) . "?t=$T", headers => ["Authorization: Bearer $T", "Cookie: tok=$T"]));
    is(of($told, qr/\A(?:HTTP_X_)?USERMGMT_/), '', "open, $way->[0]: the program gets no identity");
    is($told->{HTTP_AUTHORIZATION}, "Bearer $T", "open, $way->[0]: the Authorization header is the client's");
    is($told->{HTTP_COOKIE}, "tok=$T", "open, $way->[0]: the cookie is the client's");
}

# ---- a cache between -------------------------------------------------------------------------------------------------

for my $way (grep { $_->[0] =~ /itself|Index$|Fallback/ } @WAYS) {
    my $path = path('cached', $way);
    is_deeply([map { get($path, headers => ["Cookie: tok=$_->{token}"])->{body} } $me, $other],
        ["for alice\n", "for berta\n"], "cache, $way->[0]: each gets their own page");
    is_deeply([map { get($path, headers => ["Authorization: Bearer $_->{token}"])->{body} } $me, $other],
        ["for alice\n", "for berta\n"], "cache, $way->[0]: by header, too");
    is(get($path)->{status}, 401, "cache, $way->[0]: a request without a token is refused");
}
# ---- parts of a page keep the caller of the page ---------------------------------------------------------------------

for my $row (['a cookie', '', "Cookie: tok=$T; other=x", 'same', 'later'],
    ['the address', "?t=$T", 'Cookie: a=b', 'same', 'later'],
    ['a header', '', "Authorization: Bearer $T", 'same', 'later', 'header']) {
    my ($by, $query, $header, @in) = @$row;
    my $body = get("/parts/page.shtml$query", headers => [$header])->{body};
    for my $part (qw(same later header other query)) {
        like($body, (grep { $_ eq $part } @in) ? qr/$part: for alice/ : qr/$part: \[an error/,
            "page opened by $by: $part");
    }
}

# mod_include passes the page's variables on to its parts, also those of the page's headers.
{
    my ($open, $closed) = map { told({ body => $_ }) } split /====/,
        get('/parts/whole.shtml', headers => ["Authorization: Bearer $T", "Cookie: tok=$T; a=b"])->{body};
    is(of($open, qr/USERMGMT/), '', 'an open part of a protected page gets no identity');
    is($open->{HTTP_AUTHORIZATION}, undef, 'an open part does not see the Authorization for the back end of the page');
    is($open->{HTTP_COOKIE}, "tok=$T; a=b", 'an open part has the cookies that the client sent');
    is(of($closed, qr/X_USERMGMT/), $WHO, 'a part that is a folder with an index is');
    is(of($closed, qr/HTTP_AUTHORIZATION|HTTP_COOKIE/), 'HTTP_COOKIE=a=b', 'a protected part does not see the token');
}

# ---- pages make no calls of the API ----------------------------------------------------------------------------------

{
    my ($id) = $site->{database}{sql}->("select id from um_users where username = 'alice'") =~ /([0-9a-f-]{36})/;
    my @token = (headers => ["Authorization: Bearer $T"]);
    like(get("/api/v1/users/$id/", @token)->{body}, qr/"username":"alice"/, 'the account can be read');
    like(get("/parts/call.shtml?$id", @token)->{body}, qr/\A\[an error/, 'a page does not read it with the token of its visitor');
    my $keys = get('/.well-known/jwks.json');
    is($keys->{status}, 200, 'the keys can be read');
    unlike(get('/nowhere')->{body}, qr/"keys"/, 'they are no error document');
}

# ---- tokens that cannot be checked -----------------------------------------------------------------------------------

SKIP: {
    skip('SQLite does not go away', 1) if UmTest::database() ne 'pgsql';
    UmTest::pg_ctl('stop', '-m', 'fast');
    for my $way (grep { $_->[0] =~ /itself|Index|Fallback/ } @WAYS) {
        for my $kind (qw(bearer basic expr)) {
            my $answer;
            my @headers = $kind eq 'basic' ? basic($me) : "Authorization: Bearer $T";
            await(15, sub { $answer = get(path($kind, $way), headers => \@headers); $answer->{status} == 503 });
            is("$answer->{status} @{ $answer->{head}{'retry-after'} || [] }", '503 2',
                "database unreachable: $kind, $way->[0]");
        }
    }
    UmTest::pg_ctl('start');
    ok(await(15, sub { get('/bearer/', headers => ["Authorization: Bearer $T"])->{status} == 200 }),
        'the page is served after the database is back');
}
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
