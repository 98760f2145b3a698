#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sign-ins that are refused: one line each in the error log, which fail2ban reads by share/fail2ban/usermgmt.conf.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha1_base64);
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmServer;

my $pages = UmTest::new_folder();
UmTest::spew("$pages/hello.txt", "hello\n");
UmTest::spew("$pages/htpasswd", 'fred:{SHA}' . sha1_base64('other') . "=\n");
my $lines = <<"END";
# Clients say where they come from; the address is the one that httpd believes.
RemoteIPHeader X-From
RemoteIPInternalProxy 127.0.0.1
UserMgmtRequireTLS Off
# Lines of level notice go into a file all the same.
LogLevel warn
Alias /files $pages
<Directory $pages>
    Require all granted
</Directory>
<Location /files>
    AuthType Basic
    AuthName "here"
    AuthBasicProvider usermgmt file
    AuthUserFile $pages/htpasswd
    Require valid-user
</Location>
END
my $server = UmServer->start(new_database(), $lines, modules => [qw(alias auth_basic authn_file remoteip)]);
my $log = $server->error_log;

my $PASSWORD = good_password();
my $alice = json_of(call(POST => $USERS, json => qq({"username":"alice","password":"$PASSWORD"}),
    port => $server->{port}));
@$alice{qw(path token)} = ("$USERS$alice->{id}/", $alice->{auth_token});

my $hosts = 0;

# Does it from an address of its own; returns that, the answer and the lines that it left.
sub from_somewhere {
    my ($method, $path, %with) = @_;
    my $address = '192.0.2.' . ++$hosts;
    my $mark = UmTest::mark($log);
    push @{ $with{headers} }, "X-From: $address";
    my $answer = call($method => $path, %with, port => $server->{port}, any => 1);
    return ($address, $answer, grep { /\A\[[^]]*\] \[usermgmt:notice\]/ } split /\n/, UmTest::since($mark));
}

sub sign_in {
    my ($name, $password, @headers) = @_;
    return from_somewhere(POST => $TOKEN, headers => [@headers],
        json => '{"username":' . json_text($name) . ',"password":' . json_text($password) . '}');
}

sub by_basic {
    my ($name, $password) = @_;
    return from_somewhere(GET => '/files/hello.txt', headers => ['Authorization: Basic '
        . encode_base64("$name:$password", '')]);
}

my @guessed;    # the addresses that a filter has to find, in order

sub is_logged {
    my ($what, $text, $status, $address, $answer, @lines) = @_;
    is($answer->{status}, $status, "$what is answered $status");
    is(scalar @lines, 1, "$what: one line") or diag(join "\n", @lines);
    like($lines[0] // '', qr/\[usermgmt:notice\].*UM320: sign-in refused: client \Q$address, $text\E/,
        "$what: who and why");
    push @guessed, $address;
    return;
}

# ---- each way to sign in ---------------------------------------------------------------------------------------------

my $account = "account $alice->{id}";
is_logged('a wrong password', qq($account, wrong password, name "alice"), 400, sign_in('alice', 'wrong'));
is_logged('another spelling', qq($account, wrong password, name "ALICE"), 400, sign_in('ALICE', 'wrong'));
is_logged('an unknown name', 'account -, there is no such account, name "nobody"', 400, sign_in('nobody', $PASSWORD));
is_logged('Basic, a wrong password', qq($account, wrong password, name "alice"), 401, by_basic('alice', 'wrong'));
is_logged('Basic, an unknown name', 'account -, there is no such account, name "nobody"', 401, by_basic('nobody', 'x'));
is_logged('Basic, an impossible name', 'account -, no account can have such a name, name "a%FFb"', 401,
    by_basic("a\xffb", 'x'));
is_logged('an old password', qq($account, wrong old password, name "alice"), 400, from_somewhere(
    POST => $alice->{path}, token => $alice->{token}, json => '{"old_password":"wrong","new_password":"Blue-Tree!71x"}'));
$server->{database}{sql}->("update um_users set is_active = 0 where id = '$alice->{id}'");
is_logged('an inactive account', qq($account, the account is inactive, name "alice"), 400, sign_in('alice', $PASSWORD));
$server->{database}{sql}->("update um_users set is_active = 1 where id = '$alice->{id}'");

my @silent = (
    ['a good sign-in', 200, sign_in('alice', $PASSWORD)], ['a body without a name', 400, sign_in('', 'x')],
    ['Basic, a good one', 200, by_basic('alice', $PASSWORD)], ['Basic, nothing sent', 401,
        from_somewhere(GET => '/files/hello.txt')],
    ['a name of the other provider', 200, by_basic('fred', 'other')],
    ['a weak new password', 400, from_somewhere(POST => $alice->{path}, token => $alice->{token},
        json => qq({"old_password":"$PASSWORD","new_password":"1"}))],
);
for my $row (@silent) {
    my ($what, $status, $address, $answer, @found) = @$row;
    is($answer->{status}, $status, "$what is answered $status");
    is(scalar @found, 0, "$what: no line") or diag(join "\n", @found);
}

# ---- names that would be lines -----------------------------------------------------------------------------------

my $forged = '[Sat Nov 28 12:00:00.000000 2026] [usermgmt:notice] [pid 1:tid 1] [client 203.0.113.9:1] '
    . 'UM320: sign-in refused: client 203.0.113.9, account -, wrong password, name "x"';
my @hostile = (
    ['a line', "x\n$forged"], ['a line with a carriage return', "x\r\n$forged\r\n"], ['that line alone', $forged],
    ['a quote and an address', 'x", client 203.0.113.9, name "y'], ['brackets', '] [client 203.0.113.9:1] UM320: '],
    ['an escape for terminals', "\e[2J\e]0;x\a"], ['C1 and bidi', "\xc2\x9b31m \xe2\x80\xae\xe2\x81\xa6x"],
    ['signs of the escaping', '%0A\\n%%'], ['a long name', 'n' x 10_000],
);
for my $row (@hostile) {
    my ($what, $name) = @$row;
    (my $shown = substr $name, 0, 150) =~ s/([^ -~]|["\\%])/sprintf '%%%02X', ord $1/ge;
    $shown =~ s/\A\s+|\s+\z//g;
    my $sent = $name;
    $sent = join '', map { sprintf ord > 126 || ord >= 32 && !/["\\]/ ? '%s' : '\u%04x', ord > 126 || ord >= 32
        && !/["\\]/ ? $_ : ord } split //, $sent;
    my ($address, $answer, @found) = from_somewhere(POST => $TOKEN, json => qq({"username":"$sent","password":"x"}),
        headers => ["Referer: http://203.0.113.9/ $forged", "User-Agent: $forged"]);
    is($answer->{status}, 400, "$what as name: 400") or diag($answer->{body});
    is(scalar @found, 1, "$what as name: one line") or diag(join "\n", @found);
    unlike($found[0] // '', qr/[^ -~]/, "$what as name: nothing but printable ASCII");
    cmp_ok(length($found[0] // ''), '<', 1400, "$what as name: not too long");
    push @guessed, $address;
}
like(UmTest::slurp($log), qr/name "x%0A\[Sat Nov 28/, 'a line end is shown as what it is');

# ---- fail2ban --------------------------------------------------------------------------------------------------------

my ($reader) = grep { -x } map { "$_/fail2ban-regex" } split /:/, "$ENV{PATH}:/usr/bin";
SKIP: {
    skip('fail2ban is not here', 2) if !$reader;
    my ($status, $output) = UmTest::run($reader, '-o', 'ip', $log, UmTest::sources() . '/share/fail2ban/usermgmt.conf');
    is($status, 0, 'fail2ban-regex reads the log') or diag($output);
    is($output, join('', map { "$_\n" } @guessed), 'the fail2ban filter finds each client that guessed and no other');
}
is($server->crashes, '', 'no process of the server crashed');

api_done();
