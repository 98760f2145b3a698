#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL over TLS with sslmode=verify-full: a good certificate is accepted; with one for another name, one of another
# authority, or without TLS nothing is sent to the server, and requests are answered 503.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmCluster;
use UmServer;
use UmSmtpd;
use UmTest;

plan(skip_all => 'of PostgreSQL alone') if UmTest::database() ne 'pgsql';

my $WAIT = 20;
my ($authority, $certificate, $key) = UmSmtpd::certificates();
my ($other_authority) = UmSmtpd::certificates();
my $cluster = UmCluster->start(lines => "ssl = on\nssl_cert_file = '$certificate'\nssl_key_file = '$key'\n");
my $database = $cluster->database;
my $rest = "port=$cluster->{port} user=usermgmt dbname=accounts connect_timeout=2 tcp_user_timeout=5000";

# How a server with that connection string answers a registration, and its log.
sub registering {
    my ($params) = @_;
    my $server = UmServer->start({ %$database, params => $params }, '', children => 1);
    my $name = new_name();
    my $answer = call(POST => $USERS, port => $server->{port},
        json => qq({"username":"$name","password":") . good_password() . '"}');
    my $log = UmTest::mark("$server->{folder}/logs/error_log");
    $log->{at} = 0;
    my $log_text = $answer->{status} == 503 ? UmTest::wait_for($log, qr/certificate|SSL/, $WAIT) : $server->log;
    $server->stop;
    return ($answer->{status}, $database->{sql}->("select count(*) from um_users where username = '$name'"), $log_text);
}

my ($status, $count) = registering("host=127.0.0.1 $rest sslmode=verify-full sslrootcert=$authority");
is("$status $count", '201 1', 'the certificate is good: the account is made');

my @bad = (
    ['another name', "host=db.test.example hostaddr=127.0.0.1 $rest sslmode=verify-full sslrootcert=$authority",
        qr/server certificate for .* does not match host name "db\.test\.example"/],
    ['another authority', "host=127.0.0.1 $rest sslmode=verify-full sslrootcert=$other_authority",
        qr/certificate verify failed/],
);
for my $row (@bad) {
    my ($what, $params, $message) = @$row;
    ($status, $count, my $log) = registering($params);
    is("$status $count", '503 0', "$what: the request is answered 503, and nothing is done");
    like($log, $message, "$what: the log has libpq's reason");
    unlike($log, qr/password hash|scrypt/, "$what: no hash is in the log");
}

$database->{sql}->('alter system set ssl = off');
$database->{sql}->('select pg_reload_conf()');
my $is_off = await($WAIT, sub { $database->{sql}->('show ssl') eq 'off' });
($status, $count, my $log) = registering("host=127.0.0.1 $rest sslmode=verify-full sslrootcert=$authority");
is("$is_off $status $count", '1 503 0', 'a server without TLS: the request is answered 503, and nothing is done');
like($log, qr/server does not support SSL/, "a server without TLS: the log has libpq's reason");

api_done();
