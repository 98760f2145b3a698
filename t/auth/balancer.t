#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two nodes behind HAProxy and behind nginx, with the lines of docs/scaling.md: clients keep to a node, and all are served
# when a node is stopped or has lost its database.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep);
use UmApi;
use UmProgram;
use UmServer;
use UmTest ();

plan(skip_all => 'SQLite is for one node') if UmTest::database() ne 'pgsql';

my $CLIENTS = 12;       # each with an address of its own
my $PAGE = UmTest::slurp(UmTest::sources() . '/docs/scaling.md');

# The first block of that kind behind a text of the page, with the addresses of the test.
sub lines_of {
    my ($after, $kind, %put) = @_;
    my ($lines) = $PAGE =~ /\Q$after\E.*?\n```$kind\n(.*?)^```\n/ms or die "docs/scaling.md has no lines of $kind\n";
    for my $was (sort keys %put) {
        $lines =~ s/\Q$was\E/$put{$was}/g or die "docs/scaling.md has no '$was' in the lines of $kind\n";
    }
    return $lines;
}

# ---- nodes -----------------------------------------------------------------------------------------------------------

my $database = new_database();
$database->{sql}->('create role node2 superuser login');
END { $database->{sql}->('drop role if exists node2') if $database }
my $keys = UmTest::new_folder();
UmTest::new_key("$keys/one.pem");
my @params = ($database->{params}, $database->{params} =~ s/user=\S+/user=node2/r);
my $lines = lines_of('## A balancer', 'apache', '192.0.2.10' => '127.0.0.1');

sub node {
    my ($number) = @_;
    return UmServer->start({ %$database, params => $params[ $number - 1 ] }, <<"END", modules => [qw(remoteip headers)]);
UserMgmtSigningKey $keys
Header always set X-Node $number
UserMgmtThrottleExempt none
$lines
END
}
my @nodes = map { node($_) } 1, 2;

# ---- clients ---------------------------------------------------------------------------------------------------------

my $port;       # of the balancer

# A request of a client with an address of its own.
sub ask {
    my ($client, $method, $path, %with) = @_;
    my $socket = IO::Socket::INET->new(LocalAddr => "127.0.1.$client", PeerAddr => '127.0.0.1', PeerPort => $port,
        Timeout => 10) or return { status => 0, head => {}, body => '' };
    my $bytes = exchange(request_text($method, $path, headers => ['X-Forwarded-For: 192.0.2.99'], %with), socket => $socket,
        answers => 1);
    return answers($bytes, [$method])->[0] || { status => 0, head => {}, body => '' };
}

my @people;

sub register_all {
    my ($name) = @_;
    @people = map { json_of(ask($_, POST => $USERS, json => '{"username":' . json_text(new_name()) . ',"password":'
        . json_text(good_password()) . '}')) || {} } 1 .. $CLIENTS;
    is(scalar(grep { $_->{auth_token} } @people), $CLIENTS, $name);
    return;
}

# The statuses of all, reading and changing, and the nodes that answered.
sub statuses {
    my (%status, %node);
    for my $client (1 .. $CLIENTS) {
        my $person = $people[ $client - 1 ];
        for my $request (['GET'], [PATCH => json => '{"first_name":"Ann"}']) {
            my ($method, @body) = @$request;
            my $answer = ask($client, $method => "$USERS$person->{id}/", token => $person->{auth_token}, @body);
            $status{ $answer->{status} }++;
            $node{$client}{ $answer->{head}{'x-node'}[0] || 'none' }++;
        }
    }
    return (join(' ', sort keys %status), \%node);
}

sub nodes_of {
    my ($node) = @_;
    my %all = map { ($_ => 1) } map { keys %$_ } values %$node;
    return join ' ', sort keys %all;
}

# Until all are answered 200, by these nodes.
sub settles {
    my ($nodes, $name) = @_;
    my @last;
    ok(await(40, sub { @last = statuses(); $last[0] eq '200' && nodes_of($last[1]) eq $nodes }), $name)
        or diag("$last[0], by " . nodes_of($last[1]));
    return;
}

sub try_balancer {
    my ($name) = @_;
    ok(await(20, sub { ask(1, GET => '/.well-known/jwks.json')->{status} == 200 }), "$name answers");
    register_all("$name: each client registers an account");
    my ($status, $node) = statuses();
    is("$status, " . nodes_of($node), '200, 1 2', "$name: both nodes serve");
    is(scalar(grep { keys %$_ != 1 } values %$node), 0, "$name: an address keeps to a node");
    my $sessions = json_of(ask(3, GET => "$USERS$people[2]{id}/sessions/", token => $people[2]{auth_token}));
    is($sessions->[0]{address}, '127.0.1.3', "$name: the nodes know the address of the client, and not the one that it claims");

    $nodes[1]->stop;
    ($status, $node) = statuses();
    is("$status, " . nodes_of($node), '200, 1', "$name: when a node is stopped, the other one serves all at once");
    $nodes[1]->launch;
    settles('1 2', "$name: it serves again when it is started");

    $database->{sql}->('alter role node2 nologin');
    $database->{sql}->("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'node2'");
    settles('1', "$name: a node that has lost its database gets no requests");
    $database->{sql}->('alter role node2 login');
    settles('1 2', "$name: it serves again when the database is there");
    return;
}

# ---- balancers -------------------------------------------------------------------------------------------------------

my @put = map { ("192.0.2.1$_:80" => "127.0.0.1:$nodes[$_ - 1]{port}") } 1, 2;
my %start = (
    haproxy => sub {
        my ($program, $folder) = @_;
        UmTest::spew("$folder/haproxy.cfg", "defaults\n    mode http\n    timeout connect 2s\n    timeout client 60s\n"
            . "    timeout server 60s\n"
            . lines_of('**HAProxy.**', 'haproxy', @put, ':443 ssl crt /etc/haproxy/site.pem alpn h2,http/1.1' => "127.0.0.1:$port"));
        return launch($port, $program, '-db', '-f', "$folder/haproxy.cfg");
    },
    nginx => sub {
        my ($program, $folder) = @_;
        UmTest::spew("$folder/nginx.conf", "daemon off;\npid $folder/nginx.pid;\nevents { }\nhttp {\naccess_log off;\n"
            . join('', map { "${_}_temp_path $folder/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi))
            . lines_of('**nginx**', 'nginx', @put, 'listen 443 ssl' => "listen 127.0.0.1:$port") . "}\n");
        return launch($port, $program, '-p', $folder, '-c', "$folder/nginx.conf", '-e', "$folder/nginx.log");
    },
);

for my $name (sort keys %start) {
    SKIP: {
        my $program = program($name) or skip "$name is not installed", 1;
        $port = free_port();
        my $child = $start{$name}->($program, UmTest::new_folder());
        ok($child, "$name starts") or next;
        try_balancer($name);
        end_program($child);
    }
}

is($_->crashes, '', 'no process of a node crashed') for @nodes;
done_testing();
