#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The clock is set back by an hour while the mail server is unreachable: mails are sent as soon as it is reachable.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;
use UmServer;
use UmSmtpd;

my $folder = UmTest::new_folder();

my $HOUR = 3600;
my $file = UmTest::spew("$folder/offset", "0\n");
my $database = new_database();
my $sql = $database->{sql};
my $port = free_port();
my $server = UmServer->start($database, "UserMgmtMail smtp://127.0.0.1:$port",
    environment => { LD_PRELOAD => UmTest::library('setclock'), UM_TEST_CLOCK => $file });

# The hour of the server's clock, from the Date header.
sub hour {
    my ($hour) = (call(OPTIONS => $USERS, port => $server->{port})->{head}{date}[0] || '') =~ / (\d\d):\d\d:\d\d /;
    return $hour;
}

my @to = add_accounts($database, 4, 'clock');
ask_each($server, @to);
ok(await(30, sub { $sql->("select count(*) from um_mail where last_error <> '' and claim is null") >= 2 }),
    'the mail server is unreachable: mails are put off, and the worker pauses');

# await() asks again, in case a new hour begins between the two readings.
my $before = hour();
UmTest::spew($file, -$HOUR . "\n");
my $is_set = await(10, sub { hour() == ($before + 23) % 24 });
SKIP: {
    skip('the server does not load the library that sets its clock', 3) unless $is_set;
    my $sink = UmSmtpd->start('--port', $port);
    ok(settle(sql => $sql, seconds => 60),
        'the clock is set back by an hour, the mail server is reachable: all mails are sent');
    each_once([$sink->taken], \@to, 'each mail came once');
    ask_each($server, $to[0]);
    ok(await(20, sub { $sink->taken == 5 }), 'a mail that is asked for after that is sent');
}
is($server->crashes, '', 'no process of the server crashed');

api_done();
