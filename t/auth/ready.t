#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SetHandler usermgmt-ready: whether this httpd can use its database, without any detail, and who may ask.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmServer;
use UmTest ();

my $is_pgsql = UmTest::database() eq 'pgsql';
my $file = UmTest::new_folder() . '/accounts.db';
my $database = $is_pgsql ? new_database() : { driver => 'sqlite3', params => $file };
my $bare = free_port();
my $server = UmServer->start($database, <<"END");
<Location "/ready">
    SetHandler usermgmt-ready
</Location>
<Location "/closed">
    SetHandler usermgmt-ready
    Require all denied
</Location>
Listen 127.0.0.1:$bare
<VirtualHost 127.0.0.1:$bare>
    UserMgmtSigningKey none
</VirtualHost>
END

# Status, media type, caching and text.
sub seen {
    my ($method, $path, $port) = @_;
    my $answer = call($method => $path, port => $port || $server->{port}, any => 1);
    return join '|', $answer->{status}, map({ $answer->{head}{$_}[0] || '' } qw(content-type cache-control)), $answer->{body};
}

my $READY = "200|text/plain|no-store|ready\n";
my $NOT = "503|text/plain|no-store|not ready\n";
is(seen(GET => '/ready'), $READY, 'ready');
is(seen(GET => '/ready/x?y'), $READY, 'below the path, too');
is(seen(HEAD => '/ready'), '200|text/plain|no-store|', 'HEAD has no text');
like(seen(POST => '/ready'), qr/\A405/, 'POST is not allowed');
like(seen(GET => '/closed'), qr/\A403/, 'Require decides who may ask');
is(seen(GET => '/ready', $bare), $NOT, 'a host without keys is never ready');

my @away = $is_pgsql ? (sub { UmTest::pg_ctl('stop', '-m', 'fast') }, sub { UmTest::pg_ctl('start') })
    : (sub { rename $file, "$file.away" or die "$file: $!\n" }, sub { rename "$file.away", $file or die "$file: $!\n" });
$away[0]->();
ok(await(20, sub { seen(GET => '/ready') eq $NOT }), 'the database is away: not ready') or diag(seen(GET => '/ready'));
# An answer has no line of its own while the one of the worker's failed call, a moment before, says why.
ok(await(20, sub { seen(GET => '/ready') eq $NOT && $server->log =~ /UM(?:305: not ready|121): / }), 'the log says why');
$away[1]->();
ok(await(20, sub { seen(GET => '/ready') eq $READY }), 'it is back: ready') or diag(seen(GET => '/ready'));
is($server->crashes, '', 'no process of the server crashed');

done_testing();
