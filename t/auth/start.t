#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Log lines after the start about what only the database knows: issuers, steps of the schema, connections.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmServer;
use UmTest;

my $WAIT = 60;
my $database = new_database();
my $server = UmServer->start($database, "UserMgmtIssuer https://one.example.org\n");
$UmApi::PORT = $server->{port};

sub issuers {
    return $database->{sql}->('select issuer from um_issuers order by issuer');
}

# Starts the server with these lines and returns its log once the worker has made its checks; it records the issuer
# last.
sub log_of_start {
    my ($lines, $issuer) = @_;
    $server->stop;
    unlink $server->error_log;
    $database->{sql}->("delete from um_issuers where issuer = '$issuer'");
    $server->configure($lines);
    $server->launch;
    ok(await($WAIT, sub { issuers() =~ /^\Q$issuer\E$/m }), "$issuer is recorded");
    return $server->log;
}

ok(await($WAIT, sub { issuers() eq 'https://one.example.org' }), 'the issuer is recorded');
unlike(log_of_start("UserMgmtIssuer https://two.example.org\n", 'https://two.example.org'), qr/UM222/,
    'another issuer is not logged while there are no sessions');
register();
unlike(log_of_start("UserMgmtIssuer https://two.example.org\n",
    'https://two.example.org'), qr/UM222: tokens that were issued as https:\/\/two/,
    'the same issuer is not logged');
like(log_of_start("UserMgmtIssuer https://three.example.org\n", 'https://three.example.org'),
    qr/UM222: tokens that were issued as https:\/\/two\.example\.org are refused, because the issuer is https:\/\/three/,
    'another issuer is logged while there are sessions');
$database->{sql}->("update um_issuers set used_at = used_at - 200000");
unlike(log_of_start("UserMgmtIssuer https://four.example.org\n", 'https://four.example.org'), qr/UM222/,
    'another issuer is not logged once all tokens have ended');

$database->{sql}->('delete from um_issuers');
like(log_of_start("<VirtualHost 127.0.0.1:$server->{port}>\nServerName www.example.org\nUserMgmt On\n</VirtualHost>\n"
        . "UserMgmt Off\n", 'https://www.example.org'),
    qr/UM222: tokens that were issued as https:\/\/localhost, as an earlier version of this module did, are refused/,
    'sessions of a version that recorded no issuer are logged');

# ---- warnings of a httpd that goes into the background ---------------------------------------------------------------

# It has closed its standard error when the configuration is read for good. PostgreSQL: without a timeout, one more.
{
    $server->stop;
    unlink $server->error_log;
    my $params = $database->{params};
    my $has_more = $database->{params} =~ s/ connect_timeout=2//;
    $server->configure("<Location /open/>\nAuthType Bearer\n</Location>\n");
    $database->{params} = $params;
    my @httpd = (UmTest::httpd(), '-d', $server->{folder}, '-f', "$server->{folder}/httpd.conf", '-k');
    my ($status, $output) = UmTest::run(@httpd, 'start');
    ok($status == 0 && await($WAIT, sub { $server->log =~ /resuming normal operations/ }), 'it starts') or diag($output);
    is(join(' ', sort $server->log =~ /(UM(?:112|223|224)):/g), ($has_more ? 'UM112 ' : '') . 'UM223 UM224',
        'warnings about the configuration are in the log, once');
    ($status, $output) = UmTest::run(@httpd, 'stop');
    ok($status == 0 && await($WAIT, sub { !-e "$server->{folder}/logs/httpd.pid" }), 'it ends') or diag($output);
}

# ---- the schema ------------------------------------------------------------------------------------------------------

$database->{sql}->("insert into um_schema (step, name, applied_at, works_from) values (998, '998_more', 1, 1)");
like(log_of_start("UserMgmtIssuer https://five.example.org\n", 'https://five.example.org'),
    qr/UM127: .*works with: 998_more/, 'steps of a newer version are named');
$database->{sql}->('update um_schema set works_from = 998 where step = 998');
$server->stop;
$server->launch;
ok(await($WAIT, sub { $server->log =~ /UM101: .* step 998_more, which does not work with this version/ }),
    'a schema that this version does not work with is logged');
is(call(POST => $TOKEN, json => '{"username":"a","password":"b"}')->{status}, 503,
    'requests are answered 503 with a schema that this version does not work with');
$database->{sql}->('delete from um_schema where step = 998');

$server->stop;
$database->{sql}->('alter table um_users rename column last_name to surname');
$server->launch;
ok(await($WAIT, sub { $server->log =~ /UM129: .* table um_users lacks the column last_name, .* add column last_name text/ }),
    'a column that is missing is named, with what to do');
is(call(POST => $TOKEN, json => '{"username":"a","password":"b"}')->{status}, 503, 'requests are answered 503');
$database->{sql}->('alter table um_users rename column surname to last_name');
$server->stop;
$server->launch;

# ---- connections -----------------------------------------------------------------------------------------------------

my $pattern = qr/UM126: ServerLimit times DBDMax is \d+ connections, and PostgreSQL has \d+ for all/;
unlike(log_of_start("UserMgmtIssuer https://six.example.org\n", 'https://six.example.org'), $pattern,
    'nothing is logged where the connections suffice');
my $log = log_of_start("ServerLimit 100\nDBDMax 100\nUserMgmtIssuer https://seven.example.org\n",
    'https://seven.example.org');
SKIP: {
    skip 'of PostgreSQL alone', 1 if $database->{driver} ne 'pgsql';
    like($log, $pattern, 'more connections than PostgreSQL has are logged');
}
is($server->crashes, '', 'no process of the server crashed');
$server->stop;

done_testing();
