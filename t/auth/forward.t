#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /api-forward-auth/: what other proxies are told; and nginx, HAProxy and Caddy as docs/operations.md has them configured,
# where they are installed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use UmApi;
use UmPlaces;
use UmServer;
use UmTest ();

my $site = places("UserMgmtCookie tok\n");
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

my $ALICE = "alice|$me->{id}|alice|alice\@example.org|büro,editors|0";
is(shown(ask($_ => $CHECK, token => $T)), "204|$ALICE", "$_: who it is") for qw(GET HEAD POST PUT DELETE OPTIONS FOO);
is(shown(get($CHECK, token => $T, headers => ['Accept: image/png', 'Content-Type: x/y'])), "204|$ALICE",
    "headers of the proxy's client do not matter");
is(shown(get($CHECK, headers => ['X-Usermgmt-Id: evil', 'Remote-User: evil'])), '401|-|-|-|-|-|-', 'nor do forged ones');
is(challenge_of(get($CHECK)), '401 Bearer realm="api"', 'without a token');
is(challenge_of(get($CHECK, token => 'x')), '401 Bearer realm="api", error="invalid_token"', 'with a bad one');
is(get($CHECK, headers => ["Authorization: Bearer $T", 'Authorization: Bearer x'])->{status}, 401, 'with two');
for my $row ([204, 'group=editors'], [204, 'group=b%C3%BCro'], [204, 'group=x&group=editors'], [403, 'group=x'],
    [403, 'group=x&group=Editors'], [403, 'staff=1'], [403, 'staff=1&group=editors'], [400, 'groups=editors'],
    [400, 'group='], [400, 'group'], [400, 'staff=0'], [400, 'staff'], [400, 'x=1'], [400, 'group=editors&x'],
    [400, 'group=%zz'], [204, '']) {
    is(get("$CHECK?$row->[1]", token => $T)->{status}, $row->[0], "demanding $row->[1]");
}
is(get("$CHECK?staff=1", token => $staff->{token})->{status}, 204, 'staff');
for my $row ([204, 'X-Forwarded-Method: GET'], [403], [403, 'X-Forwarded-Method: POST'],
    [204, 'X-Forwarded-Method: POST', 'Sec-Fetch-Site: same-origin'],
    [204, 'X-Forwarded-Method: POST', 'Origin: http://app.example.org', 'X-Forwarded-Host: app.example.org'],
    [403, 'X-Forwarded-Method: POST', 'Origin: http://localhost', 'X-Forwarded-Host: app.example.org'],
    [403, 'X-Forwarded-Method: POST', 'Origin: http://app.example.org', 'X-Forwarded-Host: app.example.org',
        'X-Forwarded-Proto: https'],
    [403, 'X-Forwarded-Method: GET', 'Sec-WebSocket-Key: x', 'Origin: http://evil.example']) {
    my ($want, @headers) = @$row;
    is(get($CHECK, headers => ["Cookie: tok=$T", @headers])->{status}, $want, "a cookie, @headers");
}

# ---- real proxies ----------------------------------------------------------------------------------------------------

my @children;
END {
    my $status = $?;
    kill TERM => @children if @children;
    waitpid $_, 0 for @children;
    $? = $status;
}

# Starts a program that stays in the foreground; waits until its port answers.
sub launch {
    my ($port, @command) = @_;
    my $log = UmTest::scratch() . "/tmp/forward-$port.log";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        open STDOUT, '>', $log or POSIX::_exit(126);
        open STDERR, '>&STDOUT' or POSIX::_exit(126);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    push @children, $child;
    return await(20, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
        || waitpid($child, POSIX::WNOHANG()) }) && kill(0 => $child) ? 1 : (diag(UmTest::slurp($log)), 0)[1];
}

sub program {
    my ($name) = @_;
    return (grep { -x } map { "$_/$name" } qw(/usr/sbin /usr/bin /usr/local/bin))[0];
}

my $folder = UmTest::new_folder();
my %proxy = (
    nginx => sub {
        my ($program, $port) = @_;
        UmTest::spew("$folder/nginx.conf", <<"END");
daemon off;
error_log $folder/nginx.log;
pid $folder/nginx.pid;
events { }
http {
    access_log off;
    client_body_temp_path $folder/b; proxy_temp_path $folder/p; fastcgi_temp_path $folder/f;
    uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
    server {
        listen 127.0.0.1:$port;
        location / {
            auth_request /_check;
            auth_request_set \$usermgmt_id       \$upstream_http_x_usermgmt_id;
            auth_request_set \$usermgmt_username \$upstream_http_x_usermgmt_username;
            proxy_set_header X-Usermgmt-Id       \$usermgmt_id;
            proxy_set_header X-Usermgmt-Username \$usermgmt_username;
            proxy_pass http://127.0.0.1:$site->{back}/b/;
        }
        location = /_check {
            internal;
            proxy_pass http://127.0.0.1:$PORT/api-forward-auth/?group=editors;
            proxy_pass_request_body off;
            proxy_set_header Content-Length     "";
            proxy_set_header Host               \$http_host;
            proxy_set_header X-Forwarded-Method \$request_method;
            proxy_set_header X-Forwarded-Proto  \$scheme;
        }
    }
}
END
        return launch($port, $program, '-p', $folder, '-c', "$folder/nginx.conf", '-e', "$folder/nginx.log");
    },
    caddy => sub {
        my ($program, $port) = @_;
        UmTest::spew("$folder/Caddyfile", <<"END");
{
    admin off
    auto_https off
}
http://localhost:$port {
    bind 127.0.0.1
    forward_auth 127.0.0.1:$PORT {
        uri /api-forward-auth/?group=editors
        copy_headers X-Usermgmt-Id X-Usermgmt-Username
    }
    rewrite * /b{uri}
    reverse_proxy 127.0.0.1:$site->{back}
}
END
        return launch($port, $program, 'run', '--config', "$folder/Caddyfile", '--adapter', 'caddyfile');
    },
);

for my $name (sort keys %proxy) {
    SKIP: {
        my $program = program($name) or skip "$name is not installed", 1;
        my $port = free_port();
        $ENV{XDG_DATA_HOME} = $ENV{XDG_CONFIG_HOME} = $folder;
        ok($proxy{$name}->($program, $port), "$name starts") or next;
        my $through = sub { my $answer = call(shift, '/x', port => $port, any => 1, @_);
            my $told = told($answer);
            return join ' ', $answer->{status}, map { defined $told->{$_} ? $told->{$_} : '-' }
                qw(HTTP_X_USERMGMT_ID HTTP_X_USERMGMT_USERNAME) };
        my $with = sub { return (headers => [@_]) };
        is($through->(GET => (token => $T)), "200 $me->{id} alice", "$name: who has a token");
        is($through->(POST => (token => $T, body => 'x=1')), "200 $me->{id} alice", "$name: also with a body");
        is($through->('GET'), '401 - -', "$name: who has none");
        is($through->(GET => (token => 'x')), '401 - -', "$name: who has a bad one");
        is($through->(GET => (token => $staff->{token})), '403 - -', "$name: who is in no group that may");
        is($through->(GET => $with->("Authorization: Bearer $T", 'X-Usermgmt-Username: evil', 'X-Usermgmt-Id: evil')),
            "200 $me->{id} alice", "$name: who says that he is another");
        is($through->(GET => $with->("Cookie: tok=$T")), "200 $me->{id} alice", "$name: a cookie");
        is($through->(POST => $with->("Cookie: tok=$T", 'Origin: http://evil.example')), '403 - -',
            "$name: a cookie from elsewhere");
        is($through->(POST => $with->("Cookie: tok=$T", 'Origin: http://localhost')), "200 $me->{id} alice",
            "$name: a cookie from the site");
    }
}
is($site->{server}->crashes, '', 'nothing crashed');

done_testing();
