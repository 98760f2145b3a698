#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# AuthType Bearer: where a token is looked for, what a refused request is answered, and how it works with other modules
# of httpd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmLocations;
use UmServer;

sub place {
    my ($path, @lines) = @_;
    return join "\n", "Alias $path \${pages}/files", "<Location $path>", 'AuthType Bearer', 'AuthName here', @lines,
        '</Location>', '';
}

sub files {
    my ($pages) = @_;
    my %file = (
        'files/.x' => '', 'index/a/hello.txt' => $HELLO, 'index/a/index.html' => "the index\n",
        'index/b/one.txt' => '1',
        'index/b/two.txt' => '2', 'files/in.shtml' => "<!--#include virtual=\"/header/hello.txt\" -->|"
            . '<!--#include virtual="/staff/hello.txt" -->|<!--#echo var="USERMGMT_USERNAME" -->',
        'files/error.shtml' => '<!--#echo var="REDIRECT_STATUS" -->|<!--#echo var="REDIRECT_REMOTE_USER" -->',
        'files/secret.key' => $HELLO, 'dav/one.txt' => $HELLO,
        'ht/ok/.htaccess' => "AuthType Bearer\nAuthName ht\nRequire valid-user\n", 'ht/ok/hello.txt' => $HELLO,
        'ht/group/.htaccess' => "AuthType Bearer\nAuthName ht\nRequire usermgmt-group editors\n",
        'ht/group/hello.txt' => $HELLO,
        (map { ("ht/bad$_->[0]/.htaccess" => "$_->[1]\n", "ht/bad$_->[0]/hello.txt" => $HELLO) }
            [1, 'UserMgmtTokenSource query=t'], [2, 'UserMgmtIdentityHeaders Off'], [3, 'UserMgmtAuthorization drop'],
            [4, 'UserMgmtCookie x']),
    );
    for my $name (keys %file) {
        my ($folder) = $name =~ m{\A(.*)/};
        File::Path::make_path("$pages/$folder");
        UmTest::spew("$pages/$name", $file{$name});
    }
    return;
}

my @VALID = ('Require valid-user');
my $site = locations(join('', map { place(@$_) }
    ['/header', @VALID],
    ['/cookie', @VALID, 'UserMgmtTokenSource cookie=tok'],
    ['/query', @VALID, 'UserMgmtTokenSource query=t'],
    ['/all', @VALID, 'UserMgmtTokenSource query=t header cookie=tok'],
    ['/all/less', 'UserMgmtTokenSource header'],
    ['/staff', 'Require usermgmt-staff'],
    ['/known', 'AuthzSendForbiddenOnFailure On', 'Require usermgmt-staff'],
    ['/page', 'AuthzSendForbiddenOnFailure On', 'Require usermgmt-staff', 'ErrorDocument 403 /files/error.shtml',
        'ErrorDocument 401 /files/error.shtml'],
    ['/any', '<RequireAny>', 'Require ip 127.0.0.9', @VALID, '</RequireAny>'],
    ['/open', '<RequireAny>', 'Require local', @VALID, '</RequireAny>'],
    ['/both', '<RequireAll>', 'Require local', @VALID, 'Require usermgmt-group editors', '</RequireAll>'],
    ['/none', '<RequireAll>', @VALID, '<RequireNone>', 'Require usermgmt-group banned', '</RequireNone>',
        '</RequireAll>'],
    ['/limit', '<LimitExcept GET>', @VALID, '</LimitExcept>'],
) . <<'END', files => \&files);
Alias /files ${pages}/files
Alias /index ${pages}/index
Alias /ht ${pages}/ht
Alias /dav ${pages}/dav
<Directory ${pages}/ht>
    AllowOverride AuthConfig
</Directory>
<Directory ${pages}/files>
    Options +Includes
    AddOutputFilter INCLUDES shtml
    <Files "*.key">
        AuthType Bearer
        AuthName files
        Require valid-user
    </Files>
</Directory>
<Location /index>
    Options +Indexes
    AuthType Bearer
    AuthName index
    Require valid-user
    DirectoryIndex index.html
</Location>
<Location /index/b/two.txt>
    Require usermgmt-staff
</Location>
<Location /dav>
    Dav On
    AuthType Bearer
    AuthName dav
    <LimitExcept GET OPTIONS>
        Require valid-user
    </LimitExcept>
    <Limit GET OPTIONS>
        Require all granted
    </Limit>
</Location>
<Location /pcgi>
    AuthType Bearer
    AuthName cgi
    Require valid-user
</Location>
ScriptAlias /pcgi ${pages}/cgi
<Location /app>
    AuthType Bearer
    AuthName app
    Require valid-user
    ProxyPass ${back}/
</Location>
RewriteEngine On
RewriteRule ^/short$ /staff/hello.txt [PT]
RewriteRule ^/inner$ /header/hello.txt [PT]
<Location /rewritten>
    RewriteEngine On
    RewriteRule hello /staff/hello.txt
</Location>
END

my $me = enrol('alice');
my $staff = enrol('bob', staff => 1, groups => ['editors']);
my $banned = enrol('mallory', groups => ['banned', 'others']);
my $T = $me->{token};
my $BAD = 'error="invalid_token", error_description="The token is not valid, or not any more"';
my $TWO = 'error="invalid_request", error_description="More than one token"';

# ---- where it is looked for ------------------------------------------------------------------------------------------

my %by = (
    header => sub { ($_[0], headers => ["Authorization: Bearer $_[1]"]) },
    cookie => sub { ($_[0], headers => ["Cookie: a=b; tok=$_[1]; c=d"]) },
    query => sub { ("$_[0]?x=1&t=$_[1]&y=2") },
);
for my $row (['/header', 'header'], ['/cookie', 'cookie'], ['/query', 'query'], ['/all', sort keys %by],
    ['/all/less', 'header']) {
    my ($path, @sources) = @$row;
    for my $source (sort keys %by) {
        my $looks = grep { $_ eq $source } @sources;
        is(challenge_of(get($by{$source}->("$path/hello.txt", $T))) =~ s/\A404\z/200/r, $looks ? '200'
            : '401 Bearer realm="here"', "$path: a good token by $source");
        is(challenge_of(get($by{$source}->("$path/hello.txt", 'x.y.z'))),
            '401 Bearer realm="here"' . ($looks ? ", $BAD" : ''), "$path: a bad one by $source");
    }
}
for my $row (
    ['the first that is there decides: good, then bad', 200, "?t=$T", 'Authorization: Bearer x.y.z'],
    ['bad, then good', "401 Bearer realm=\"here\", $BAD", '?t=x.y.z', "Authorization: Bearer $T"],
    ['header before cookie', 200, '', "Authorization: Bearer $T", 'Cookie: tok=x.y.z'],
    ['a bad header before a good cookie', "401 Bearer realm=\"here\", $BAD", '', 'Authorization: Bearer x.y.z',
        "Cookie: tok=$T"],
    ['an empty one is none', 200, '?t=', 'Authorization: Bearer', "Cookie: tok=$T"],
    ['another scheme is none', 200, '', 'Authorization: Basic eDp5', "Cookie: tok=$T"],
    ['two headers', "400 Bearer realm=\"here\", $TWO", '', "Authorization: Bearer $T", 'Authorization: Bearer x'],
    ['two schemes', "400 Bearer realm=\"here\", $TWO", '', "Authorization: Bearer $T", 'Authorization: Basic eDp5'],
    ['a comma in quotes makes no second header', 200, '', 'Authorization: Digest username="a, b c", uri="/, x y"',
        "Cookie: tok=$T"],
    ['nor does one between parameters', 200, '', 'Authorization: Digest a=b, c = d, e="\\", f g"', "Cookie: tok=$T"],
    ['two cookies that differ', "400 Bearer realm=\"here\", $TWO", '', "Cookie: tok=$T; tok=x"],
    ['two that are equal', 200, '', "Cookie: tok=$T; tok=$T"],
    ['two parameters that differ', "400 Bearer realm=\"here\", $TWO", "?t=$T&t=x"],
    ['cookies by their whole name', '401 Bearer realm="here"', '', "Cookie: xtok=$T; tokx=$T; TOK=$T; $T; =$T"],
    ['parameters as well', '401 Bearer realm="here"', "?tt=$T&T=$T&x=t=$T;t=$T"],
    ['a token with a blank', "401 Bearer realm=\"here\", $BAD", '', "Authorization: Bearer $T x"],
    ['the token as cookie in quotes', "401 Bearer realm=\"here\", $BAD", '', "Cookie: tok=\"$T\""],
) {
    my ($name, $want, $query, @headers) = @$row;
    is(challenge_of(get("/all/hello.txt$query", headers => \@headers)), $want, $name);
}
{
    my $answer = get("/query/hello.txt?t=$T");
    is(join('|', map { @{ $answer->{head}{$_} || ['-'] } } qw(cache-control referrer-policy)), 'private|no-referrer',
        'a page that a token in the query opened is private and sends no referrer');
    $answer = get('/cookie/hello.txt', headers => ["Cookie: tok=$T"]);
    is(join('|', map { @{ $answer->{head}{$_} || ['-'] } } qw(cache-control referrer-policy)), 'private|-',
        'a page that a cookie opened is private');
    ok(!get('/header/hello.txt', token => $T)->{head}{'cache-control'},
        'the module adds no Cache-Control to a page that a header opened');
}
for my $name (map { "Authorization: $_" } 'X', '', 'Bearer', 'Bearer  ', "Bearer\t", 'Bearer ' . 'a' x 7000,
    'Bearer a.b', 'Bearer ..', 'Bearer ...', "Bearer $T.", "Bearer .$T", "Bearer\x0b$T", 'Bearer "x"', 'Bearer ,',
    "Basic $T", "Bearer=$T") {
    like(challenge_of(get('/header/hello.txt', headers => [$name])), qr/\A40[01]/, 'odd: ' . substr($name, 0, 40));
}

# ---- rules -----------------------------------------------------------------------------------------------------------

my %token = (nobody => undef, bad => 'x.y.z', alice => $T, bob => $staff->{token}, mallory => $banned->{token});
my @WHO = qw(nobody bad alice bob mallory);
for my $row (['/header', '401 401 200 200 200'], ['/staff', '401 401 401 200 401'], ['/known', '401 401 403 200 403'],
    ['/any', '401 401 200 200 200'], ['/open', '200 200 200 200 200'], ['/both', '401 401 401 200 401'],
    ['/none', '401 401 200 200 401'], ['/limit', '200 200 200 200 200'], ['/ht/ok', '401 401 200 200 200'],
    ['/ht/group', '401 401 401 200 401']) {
    my ($path, $want) = @$row;
    is(join(' ', map { get("$path/hello.txt", token => $token{$_})->{status} } @WHO), $want,
        "$path answers @WHO as its rules say");
}
is(ask(POST => '/limit/hello.txt')->{status}, 401, 'LimitExcept: a method that needs a token');
is(get('/files/secret.key')->{status}, 401, 'a section Files can require a token');
is(get('/files/secret.key', token => $T)->{body}, $HELLO, 'a section Files lets in a token');
is(get("/ht/bad$_/hello.txt", token => $T)->{status}, 500, ".htaccess cannot make a place less safe: $_") for 1 .. 4;

my $SCOPE = 'Bearer realm="here", error="insufficient_scope", '
    . 'error_description="The account has not the rights that this needs"';
is(challenge_of(get('/known/hello.txt', token => $T)), "403 $SCOPE",
    'an account without the right is answered 403 with insufficient_scope');
is(challenge_of(get('/staff/hello.txt', token => $T)), '401 Bearer realm="here"',
    'without AuthzSendForbiddenOnFailure an account without the right is answered 401');
{
    my $answer = get('/page/hello.txt', token => $T);
    is(challenge_of($answer), "403 $SCOPE", 'an ErrorDocument for 403 keeps status and challenge');
    is($answer->{body}, '403|alice', 'the ErrorDocument for 403 is shown');
    is(challenge_of(get('/page/hello.txt')), '401 Bearer realm="here"',
        'an ErrorDocument for 401 keeps status and challenge');
}
ok(!get('/known/none.txt', token => $staff->{token})->{head}{'www-authenticate'}, 'other errors have no challenge');

# ---- other modules ---------------------------------------------------------------------------------------------------

is(get('/index/a/', token => $T)->{body}, "the index\n", 'the index of a folder is shown');
is(get('/index/a/')->{status}, 401, 'a folder is not listed without a token');
{
    my $list = sub { join ' ', get('/index/b/', @_)->{body} =~ /href="(\w+\.txt)"/g };
    is($list->(token => $staff->{token}), 'one.txt two.txt', 'a folder is listed with a token');
    is($list->(token => $T), 'one.txt', 'a listing leaves out what the account may not see');
}
{
    my $parts = sub { my $b = get('/files/in.shtml', @_)->{body}; $b =~ s/\[an error[^\]]*\]/E/g; $b =~ s/\n//g; $b };
    is($parts->(token => $staff->{token}), 'hello|hello|(none)',
        'an account with the right sees all parts of an open page');
    is($parts->(token => $T), 'hello|E|(none)', 'a protected part is included for an account with the right');
    is($parts->(), 'E|E|(none)', 'no protected part is included without a token');
}
is(get('/short', token => $T)->{status}, 401, 'mod_rewrite: the rules of the target apply');
is(get('/short', token => $staff->{token})->{body}, $HELLO,
    'an internal redirect shows the page to an account with the right');
is(get('/inner')->{status}, 401, 'mod_rewrite: a token is required');
is(get('/inner', token => $T)->{body}, $HELLO, 'an internal redirect to a protected page needs a token');
is(get('/rewritten/hello.txt', token => $T)->{status}, 401, 'the rules are evaluated again after an internal redirect');
is(get('/rewritten/hello.txt', token => $staff->{token})->{body}, $HELLO,
    'an internal redirect shows the page to an account with the right');

is(ask(PUT => '/dav/new.txt', body => 'x', type => 'text/plain')->{status}, 401, 'WebDAV: PUT without a token');
is(ask(PUT => '/dav/new.txt', body => 'x', type => 'text/plain', token => $T)->{status}, 201,
    'WebDAV: PUT with a token');
is(ask(MOVE => '/dav/new.txt', token => $T, headers => ["Destination: http://localhost/dav/moved.txt"])->{status}, 201,
    'MOVE with a token is done') or diag($site->{server}->log =~ /(.*\n.*\n.*)\z/);
is(ask(PROPFIND => '/dav/', headers => ['Depth: 1'])->{status}, 401, 'PROPFIND without a token is refused');
like(ask(PROPFIND => '/dav/', headers => ['Depth: 1'], token => $T)->{body}, qr/moved\.txt/,
    'PROPFIND with a token is answered');
is(get('/dav/one.txt')->{body}, $HELLO, 'methods that LimitExcept leaves open need no token');
is(told(get('/pcgi/env', token => $T))->{REMOTE_USER}, 'alice', 'a program gets the identity of the caller');
is(get('/pcgi/env')->{status}, 401, 'a protected program is not run without a token');
is(get('/app/x')->{status}, 401, 'mod_proxy: a token is required');
is(told(get('/app/x', token => $T))->{HTTP_AUTHORIZATION}, "Bearer $T", 'mod_proxy forwards the Authorization header');

SKIP: {
    my $first = h2('/header/hello.txt');
    skip 'no HTTP/2 here', 3 unless defined $first;
    like($first, qr/401 2\z/, 'HTTP/2: a token is required');
    is(h2('/header/hello.txt', '-H', "Authorization: Bearer $T"), "${HELLO}200 2",
        'HTTP/2: a token in the header is accepted');
    is(h2('/cookie/hello.txt', '-H', "Cookie: tok=$T", '-H', 'Cookie: x=y'), "${HELLO}200 2",
        'HTTP/2: a token in a cookie is accepted');
}

# ---- the log ---------------------------------------------------------------------------------------------------------

my $log = $site->{server}->log;
unlike($log, qr/\Q$T\E|\Q@{[(split m{\.}, $T)[2]]}\E|x\.y\.z/, 'no token is in the log');
is(join("\n", grep { /usermgmt:(?!info|debug|trace)\w+\].* UM4/ } split /\n/, $log), '',
    'refused tokens are logged at level info or debug');
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
