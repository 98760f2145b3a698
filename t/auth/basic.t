#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# AuthBasicProvider usermgmt protects files, WebDAV, git and forms by name and password: who gets in, how many passwords
# are hashed, and what happens when a password cannot be checked.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha1_base64);
use File::Path ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmServer;

my $HELLO = "for those who are signed in\n";
my $SLOW = '"scrypt ln=15 r=8 p=3"';
my $BUSY = qr/cannot check who is asking at the moment/;

# ---- a server with each kind of Location -----------------------------------------------------------------------------

my $load = UmTest::load_modules(
    qw(alias auth_basic auth_form authn_file cgid dav dav_fs dir mime request session session_cookie));
my $backend = -x '/usr/lib/git-core/git-http-backend' ? '/usr/lib/git-core/git-http-backend' : undef;
my $pages = UmTest::new_folder();
File::Path::make_path("$pages/$_") for qw(files dav git);
UmTest::spew("$pages/files/hello.txt", $HELLO);
UmTest::spew("$pages/away.txt", "a page of our own\n");
UmTest::spew("$pages/types", "text/plain txt\n");
# fred's password is "other", in a file beside the accounts.
UmTest::spew("$pages/htpasswd", 'fred:{SHA}' . sha1_base64('other') . "=\n");

sub place {
    my ($path, $kind, @lines) = @_;
    my $alias = $path eq '/login' ? '' : "Alias $path $pages/" . ($path eq '/dav' ? 'dav' : 'files') . "\n";
    return $alias . join("\n", "<Location $path>", "AuthType $kind", 'AuthName "here"', @lines, '</Location>', '');
}

my $lines = join "\n", $load, <<"END", map { place(@$_) } (
TypesConfig $pages/types
DavLockDB \${folder}/logs/dav
ScriptSock \${folder}/logs/cgisock
Alias /away.txt $pages/away.txt
<Directory $pages>
    Require all granted
</Directory>
SetEnv GIT_PROJECT_ROOT $pages/git
SetEnv GIT_HTTP_EXPORT_ALL
END
    ['/files', 'Basic', 'AuthBasicProvider usermgmt', 'Require valid-user'],
    ['/named', 'Basic', 'AuthBasicProvider usermgmt', 'Require user alice'],
    ['/both', 'Basic', 'AuthBasicProvider usermgmt file', "AuthUserFile $pages/htpasswd", 'Require valid-user'],
    ['/lax', 'Basic', 'AuthBasicProvider usermgmt', 'AuthBasicAuthoritative Off', 'Require valid-user'],
    ['/page', 'Basic', 'AuthBasicProvider usermgmt', 'Require valid-user', 'ErrorDocument 503 /away.txt'],
    ['/text', 'Basic', 'AuthBasicProvider usermgmt', 'Require valid-user', 'ErrorDocument 503 "soon"',
        'ErrorDocument 500 /nothing'],
    ['/dav', 'Basic', 'AuthBasicProvider usermgmt', 'Require valid-user', 'Dav On'],
    ['/form', 'Form', 'AuthFormProvider usermgmt', 'Require valid-user', 'Session On', 'SessionCookieName s path=/'],
    ['/login', 'Form', 'AuthFormProvider usermgmt', 'Session On', 'SessionCookieName s path=/',
        'Require all granted', 'SetHandler form-login-handler', 'AuthFormLoginSuccessLocation /form/hello.txt'],
);
$lines .= <<"END" if $backend;
ScriptAlias /git/ $backend/
<Directory /usr/lib/git-core>
    Require all granted
</Directory>
<Location /git/>
    AuthType Basic
    AuthName "here"
    AuthBasicProvider usermgmt
    Require valid-user
</Location>
END

my $database = new_database();
# At most half of the threads of a process may wait for a hash. With 32 threads a dozen requests fit into one process.
my $server = UmServer->start($database, $lines, threads => 32);
my $PORT = $server->{port};

sub basic {
    my ($name, $password) = @_;
    return 'Authorization: Basic ' . encode_base64("$name:$password", '');
}

sub get {
    my ($path, $name, $password) = @_;
    return call(GET => $path, headers => [defined $name ? basic($name, $password) : ()], port => $PORT, any => 1);
}

sub enrol {
    my ($name, $password) = @_;
    my $answer = call(POST => $USERS, json => qq({"username":"$name","password":"$password"}), port => $PORT);
    die "registration failed: $answer->{status} $answer->{body}\n" unless $answer->{status} == 201;
    return json_of($answer);
}

# Sends many requests at the same moment and returns their answers.
sub at_once {
    my ($port, @requests) = @_;
    my @sockets = map { connection($port) } @requests;
    syswrite($sockets[$_], $requests[$_]) for 0 .. $#requests;
    return map { answers(exchange('', socket => $_, answers => 1))->[0] || { status => 0, head => {}, body => '' } }
        @sockets;
}

sub counts {
    my %count;
    $count{ $_->{status} }++ for @_;
    return join ' ', map { "$_ x $count{$_}" } sort keys %count;
}

# How many passwords were hashed for Basic since that position in the log.
sub hashes {
    my ($mark) = @_;
    my $text = UmTest::since($mark);
    my $count = () = $text =~ /UM411:|UM320: .*? account \S+, (?:wrong password|there is no|the account)/g;
    return $count;
}

sub log_mark { return $server->mark }

my $PASSWORD = good_password();
my $alice = enrol('alice', $PASSWORD);
my $zoe = enrol('Zoë', $PASSWORD);

# ---- who gets in -----------------------------------------------------------------------------------------------------

for my $row (
    [200, 'alice', $PASSWORD], [200, 'ALICE', $PASSWORD], [200, 'Zoë', $PASSWORD], [200, 'ZOË', $PASSWORD],
    [401, 'alice', 'wrong'], [401, 'alice', uc $PASSWORD], [401, 'alice', "$PASSWORD "], [401, 'alice', ''],
    [401, 'nobody', $PASSWORD], [401, '', $PASSWORD], [401, '', ''], [401, "alice\@", $PASSWORD],
    [401, "Zo\xEB", $PASSWORD], [401, 'alice', "\xE9\xFF"], [401, 'x' x 6000, $PASSWORD], [401, 'alice', 'x' x 5500],
    [401, "alice' or '1'='1", $PASSWORD], [401, '%s%n', '%s%n'], [401, "a\x01b", "c\x02"],
) {
    my ($status, @who) = @$row;
    my $answer = get('/files/hello.txt', @who);
    my $name = substr(join(':', @who), 0, 40) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
    is($answer->{status}, $status, "the answer is $status: $name");
    is_deeply($answer->{head}{'www-authenticate'}, $status == 401 ? ['Basic realm="here"'] : undef,
        "the challenge belongs to the status: $name");
    is($answer->{body} eq $HELLO, $status == 200, "$name: the file");
}
is(get('/files/hello.txt')->{status}, 401, 'a request without a password is answered 401');
for my $header ('Basic', 'Basic ', 'Basic  ', 'Basic !!!', 'Basic YQ==', 'Basic Og==', 'Basic ' . 'A' x 8000,
    'Basic \0',
    'Basic ' . encode_base64("alice\0:$PASSWORD", ''), 'Basic ' . encode_base64("\0", ''), 'Bearer x', 'Digest x', 'x',
    'Basic ' . encode_base64("alice:wrong\0$PASSWORD", '')) {
    my $answer = call(GET => '/files/hello.txt', headers => ["Authorization: $header"], port => $PORT, any => 1);
    is($answer->{status}, 401, 'refused: ' . substr($header, 0, 40));
}
{
    my $answer = call(GET => '/files/hello.txt', headers => ['Authorization: Basic ' . 'QUFB' x 25000], port => $PORT,
        any => 1);
    is($answer->{status}, 400, 'a header of 100 KB is answered');
}
is(get('/named/hello.txt', 'ALICE', $PASSWORD)->{status}, 200, 'Require user compares with the stored spelling');
is(get('/named/hello.txt', 'Zoë', $PASSWORD)->{status}, 401, 'Require user refuses another account');
is(get('/both/hello.txt', 'alice', $PASSWORD)->{status}, 200, 'of two providers the first one knows the account');
is(get('/both/hello.txt', 'fred', 'other')->{status}, 200,
    'the second provider is asked for a name that the first one does not know');
is(get('/both/hello.txt', 'fred', $PASSWORD)->{status}, 401,
    'the password of an account is refused for the user in the file');
is(get('/lax/hello.txt', 'alice', $PASSWORD)->{status}, 200,
    'a good password is accepted where the provider is not authoritative');
is(get('/lax/hello.txt', 'alice', 'wrong')->{status}, 401, 'a wrong password');
unlike(get('/lax/hello.txt', 'nobody', 'x')->{body}, qr/signed in/,
    'an unknown user is refused where no provider is left');

$database->{sql}->("update um_users set is_active = 0 where username = 'alice'");
my $mark = log_mark();
sleep 2.5;
is(get('/files/hello.txt', 'alice', $PASSWORD)->{status}, 401,
    'an account that is switched off in the database is refused');
$database->{sql}->("update um_users set is_active = 2 where username = 'alice'");
is(get('/files/hello.txt', 'alice', $PASSWORD)->{status}, 401, 'an account that waits for its verification is refused');
$database->{sql}->("update um_users set is_active = 1 where username = 'alice'");
is(get('/files/hello.txt', 'alice', $PASSWORD)->{status}, 200, 'an account that is switched on again is accepted');

# ---- how many passwords are hashed -----------------------------------------------------------------------------------

$mark = log_mark();
is(get('/files/hello.txt', 'alice', $PASSWORD)->{status}, 200, 'again and again') for 1 .. 20;
is(hashes($mark), 0, 'a cached password is not hashed');
$server->configure("$lines\nUserMgmtPasswordHash $SLOW");
$server->graceful;
await(10, sub { get('/files/hello.txt')->{status} == 401 });
$mark = log_mark();
is(get('/files/hello.txt', 'alice', $PASSWORD)->{status}, 200, 'a good password is accepted after a graceful restart');
is(hashes($mark), 0, 'a cached password is not hashed again after a graceful restart');
$mark = log_mark();
is(get('/files/hello.txt', 'nobody', 'x')->{status}, 401, 'an unknown user is refused');
is(hashes($mark), 1, 'a password that is not cached is hashed') or diag(UmTest::since($mark));
# Threads of a process share a hash, processes do not. With prefork each process hashes, and the queue is bounded.
my $many = UmTest::setting('MPM') eq 'prefork' ? 4 : 12;
my @crowd = map { request_text(GET => '/files/hello.txt', headers => [basic('Zoë', $PASSWORD)]) } 1 .. $many;
$database->{sql}->("update um_users set version = '01890000-0000-7000-8000-00000000000a' where id = '$zoe->{id}'");
sleep 2.5;
$mark = log_mark();
is(counts(at_once($PORT, @crowd)), "200 x $many", 'many requests at once with a password that is no longer cached');
cmp_ok(hashes($mark), '<=', 4, 'they cost one hash for each process: ' . hashes($mark));
$mark = log_mark();
my @wrong = map { request_text(GET => '/files/hello.txt', headers => [basic('alice', 'wrong')]) } 1 .. $many;
is(counts(at_once($PORT, @wrong)), "401 x $many", 'many requests at once with a wrong password');
cmp_ok(hashes($mark), '<=', 8, 'they do not cost one hash each: ' . hashes($mark));

# ---- changes ---------------------------------------------------------------------------------------------------------

{
    my $bob = enrol('bob', $PASSWORD);
    my @mine = (token => $bob->{auth_token}, port => $PORT);
    is(get('/files/hello.txt', 'bob', $PASSWORD)->{status}, 200,
        'a good password is accepted before it is changed') for 1 .. 8;
    my $answer = call(POST => "$USERS$bob->{id}/", @mine,
        json => qq({"old_password":"$PASSWORD","new_password":"Red-House?38"}));
    is($answer->{status}, 200, 'the password is changed');
    my @again = map { get('/files/hello.txt', 'bob', $PASSWORD) } 1 .. 8;
    is(counts(@again), '401 x 8', 'the old password is void at once in all processes');
    is(get('/files/hello.txt', 'bob', 'Red-House?38')->{status}, 200, 'the new one is good') for 1 .. 8;
    is(call(DELETE => "$USERS$bob->{id}/", token => json_of($answer)->{token}, port => $PORT)->{status}, 204,
        'the account is deleted');
    is(counts(map { get('/files/hello.txt', 'bob', 'Red-House?38') } 1 .. 4), '401 x 4',
        'the password of a deleted account is refused at once');
}

# ---- WebDAV, git, forms ----------------------------------------------------------------------------------------------

my @davs = (
    [201, PUT => '/dav/a.txt', body => 'one'], [204, PUT => '/dav/a.txt', body => 'two'],
    [207, PROPFIND => '/dav/', headers => ['Depth: 1']], [201, MKCOL => '/dav/folder/'],
    [201, COPY => '/dav/a.txt', headers => ["Destination: http://127.0.0.1:$PORT/dav/b.txt"]],
    [201, MOVE => '/dav/a.txt', headers => ["Destination: http://127.0.0.1:$PORT/dav/folder/a.txt"]],
    [200, GET => '/dav/folder/a.txt'], [200, LOCK => '/dav/b.txt', body => '<?xml version="1.0"?><D:lockinfo xmlns:D='
        . '"DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>'],
    [204, DELETE => '/dav/folder/'],
);
for my $row (@davs) {
    my ($status, $method, $path, %with) = @$row;
    my @headers = @{ delete $with{headers} || [] };
    for my $who ([401], [401, 'alice', 'wrong'], [$status, 'alice', $PASSWORD]) {
        my ($want, @who) = @$who;
        next if $want == 401 && @who && $method ne 'PUT';
        my $answer = call($method => $path, %with, headers => [@headers, @who ? basic(@who) : ()], port => $PORT,
            any => 1);
        is($answer->{status}, $want, "$method $path: $want");
    }
}

SKIP: {
    skip('no git', 3) unless $backend && -x '/usr/bin/git';
    local @ENV{qw(HOME GIT_TERMINAL_PROMPT GIT_CONFIG_NOSYSTEM)} = ($pages, 0, 1);
    my $git = sub { my ($status, $output) = UmTest::run('git', '-c', 'user.name=a', '-c', 'user.email=a@b', @_);
        return $status ? "$status $output" : 'done' };
    $git->(qw(init -q --bare), "$pages/git/one.git");
    $git->('-C', "$pages/git/one.git", qw(config http.receivepack true));
    my $at = sub { "http://alice:$_[0]\@127.0.0.1:$PORT/git/one.git" };
    is($git->(qw(clone -q), $at->($PASSWORD), "$pages/clone"), 'done', 'git can clone with the password');
    UmTest::spew("$pages/clone/file", 'x');
    $git->('-C', "$pages/clone", qw(add file));
    $git->('-C', "$pages/clone", qw(commit -q -m one));
    is($git->('-C', "$pages/clone", qw(push -q origin HEAD:main)), 'done', 'git can push with the password');
    like($git->('ls-remote', $at->('wrong')), qr/Authentication failed/, 'git with a wrong password');
}

sub form {
    my ($name, $password) = @_;
    return call(POST => '/login', form => "httpd_username=$name&httpd_password=$password", port => $PORT, any => 1);
}

{
    my $answer = form('ALICE', $PASSWORD);
    is($answer->{status}, 302, 'AuthType Form: signed in');
    my ($cookie) = ($answer->{head}{'set-cookie'}[0] || '') =~ /\A([^;]+)/;
    is(call(GET => '/form/hello.txt', headers => ["Cookie: $cookie"], port => $PORT, any => 1)->{body}, $HELLO,
        'the cookie of the form shows the page');
    is(form('alice', 'wrong')->{status}, 401, 'a wrong password');
    is(call(GET => '/form/hello.txt', port => $PORT, any => 1)->{status}, 401,
        'without the cookie of the form the page is not shown');
}

# ---- passwords that cannot be checked --------------------------------------------------------------------------------

sub is_busy {
    my ($answer, $body, $name) = @_;
    is($answer->{status}, 503, "the answer is 503: $name");
    is_deeply($answer->{head}{'retry-after'}, ['2'], "$name: the answer has Retry-After");
    is($answer->{head}{'www-authenticate'}, undef, "$name: the answer has no challenge");
    like($answer->{body}, $body, "$name: told so");
    return;
}

$server->configure("$lines\nUserMgmtPasswordHash $SLOW\nUserMgmtHashConcurrency 1\nUserMgmtHashQueue 0");
$server->stop;
$server->launch;
{
    my @many = at_once($PORT, map { request_text(GET => '/files/hello.txt', headers => [basic("nobody$_", 'x')]) }
        1 .. 10);
    my @busy = grep { $_->{status} == 503 } @many;
    ok(@busy > 0 && @busy < 10, 'the gate is full: ' . counts(@many));
    is(scalar(grep { $_->{status} == 401 } @many) + @busy, 10, 'the others are answered');
    is_busy($busy[0], $BUSY, 'the queue for hashes is full');
}
is(get('/files/hello.txt', 'alice', $PASSWORD)->{status}, 200, 'known before the database goes');

SKIP: {
    skip('SQLite does not go away', 1) if UmTest::database() ne 'pgsql';
    UmTest::pg_ctl('stop', '-m', 'fast');
    sleep 2.5;
    for my $who (['alice', $PASSWORD], ['alice', 'wrong'], ['nobody', 'x']) {
        is_busy(get("/$_/hello.txt", @$who), $BUSY, "away: $_ as $who->[0]:$who->[1]") for qw(files named both lax dav);
    }
    is_busy(get('/page/hello.txt', 'alice', $PASSWORD), qr/\Aa page of our own\n\z/, 'away: ErrorDocument is a page');
    is_busy(get('/text/hello.txt', 'alice', $PASSWORD), qr/\Asoon\z/, 'away: ErrorDocument is a text');
    is_busy(form('alice', $PASSWORD), $BUSY, 'away: AuthType Form');
    is_busy(call(PUT => '/dav/c.txt', body => 'x', headers => [basic('alice', $PASSWORD)], port => $PORT, any => 1),
        $BUSY, 'away: PUT');
    ok(!-e "$pages/dav/c.txt", 'while the database is away nothing is written');
    is(call(HEAD => '/files/hello.txt', headers => [basic('alice', $PASSWORD)], port => $PORT, any => 1)->{status},
        503, 'while the database is away HEAD is answered 503');
    is(get('/files/hello.txt')->{status}, 401,
        'while the database is away a request without a password is answered 401');
    UmTest::pg_ctl('start');
    ok(await(15, sub { get('/files/hello.txt', 'alice', $PASSWORD)->{status} == 200 }),
        'a good password is accepted after the database is back');
}

# ---- no secrets in the log -------------------------------------------------------------------------------------------

my $log = $server->log;
unlike($log, qr/\Q$PASSWORD\E|\Q${\encode_base64("alice:$PASSWORD", '')}\E|Red-House/, 'no password is in the log');
is($server->crashes, '', 'no process of the server crashed');

api_done();
